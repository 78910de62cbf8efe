package cloud

import (
	"cmp"
	"strings"
)

// iamPrefix is the prefix that IAM actions of an SDK service id carry.
func iamPrefix(serviceID string) string {
	switch serviceID {
	case "Elastic Load Balancing v2":
		return "elasticloadbalancing"
	case "CloudWatch Logs":
		return "logs"
	case "Application Auto Scaling":
		return "application-autoscaling"
	case "EFS":
		return "elasticfilesystem"
	}
	return strings.ToLower(strings.ReplaceAll(serviceID, " ", ""))
}

// otherActions are the operations whose IAM action has another name (engine/AWS.md, Permissions).
var otherActions = map[string]string{
	"cloudfront:CreateDistributionWithTags": "cloudfront:CreateDistribution",
	"s3:DeleteBucketEncryption":             "s3:PutEncryptionConfiguration",
	"s3:DeleteObjects":                      "s3:DeleteObject",
	"s3:DeletePublicAccessBlock":            "s3:PutBucketPublicAccessBlock",
	"s3:GetBucketCors":                      "s3:GetBucketCORS",
	"s3:GetBucketEncryption":                "s3:GetEncryptionConfiguration",
	"s3:GetBucketLifecycleConfiguration":    "s3:GetLifecycleConfiguration",
	"s3:GetPublicAccessBlock":               "s3:GetBucketPublicAccessBlock",
	"s3:HeadBucket":                         "s3:ListBucket",
	"s3:ListBuckets":                        "s3:ListAllMyBuckets",
	"s3:ListObjectVersions":                 "s3:ListBucketVersions",
	"s3:ListObjectsV2":                      "s3:ListBucket",
	"s3:PutBucketCors":                      "s3:PutBucketCORS",
	"s3:PutBucketEncryption":                "s3:PutEncryptionConfiguration",
	"s3:PutBucketLifecycleConfiguration":    "s3:PutLifecycleConfiguration",
	"s3:PutPublicAccessBlock":               "s3:PutBucketPublicAccessBlock",
}

// iamAction is the IAM action that allows an operation, both as service:Name.
func iamAction(operation string) string { return cmp.Or(otherActions[operation], operation) }
