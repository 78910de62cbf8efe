package data

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// tlsStatement is the id of the statement of a bucket's policy by which nobody comes without TLS.
const tlsStatement = "BerthTLSOnly"

// bucketPolicy is a policy as far as it must be known to add a statement: those of others stay as they are.
type bucketPolicy struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement []json.RawMessage
}

// readPolicy looks whether the bucket's policy demands TLS.
func (b *Bucket) readPolicy(ctx context.Context, s *resource.Scope, found *bucketFound) error {
	out, err := s.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name})
	if cloud.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	found.policy = aws.ToString(out.Policy)
	var doc bucketPolicy
	if err := json.Unmarshal([]byte(found.policy), &doc); err != nil {
		return fmt.Errorf("read the policy of %s: %w", b.name, err)
	}
	for _, text := range doc.Statement {
		var one struct{ Sid string }
		if json.Unmarshal(text, &one) == nil && one.Sid == tlsStatement {
			found.sealed = true
		}
	}
	return nil
}

// putPolicy adds the statement to what is there.
func (b *Bucket) putPolicy(ctx context.Context, s *resource.Scope) error {
	doc := bucketPolicy{Version: "2012-10-17"}
	if b.found.policy != "" {
		if err := json.Unmarshal([]byte(b.found.policy), &doc); err != nil {
			return fmt.Errorf("read the policy of %s: %w", b.name, err)
		}
	}
	statement, err := json.Marshal(map[string]any{
		"Sid": tlsStatement, "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []string{b.arn(s), b.arn(s) + "/*"},
		"Condition": map[string]any{"Bool": map[string]string{"aws:SecureTransport": "false"}},
	})
	if err != nil {
		return fmt.Errorf("write the policy of %s: %w", b.name, err)
	}
	doc.Statement = append(doc.Statement, statement)
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write the policy of %s: %w", b.name, err)
	}
	_, err = s.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b.name, Policy: aws.String(string(text))})
	b.found.sealed = err == nil
	return err
}
