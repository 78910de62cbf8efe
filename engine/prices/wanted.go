package prices

import (
	"regexp"
	"strings"
	"sync"

	"berth/compare/catalog"
)

// wanted is one SKU of the table and how its price is recognised in an offer file.
type wanted struct {
	key   string // in the table
	offer string
	usage string // usagetype behind the region's prefix
	begin float64
	match func(Rate) bool // what else must hold, nil for nothing
	// must says that the rule was confirmed against AWS's own files: when the table has this price and the
	// download lacks it, the download is partial. Other rules may be wrong, and a miss is only told.
	must bool
}

// regionPrefix is what AWS puts before a usagetype outside of us-east-1: EU, EUW2, APS3 and the like.
var regionPrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(EU|[A-Z]{2,4}[0-9])-`) })

// behindPrefix takes the region's prefix off a usagetype.
func behindPrefix(usage string) string {
	return usage[len(regionPrefix().FindString(usage)):]
}

func linux(r Rate) bool { return r.OS == "" && r.Arch == "" }
func arm(r Rate) bool   { return r.Arch == "ARM" }

func family(name string) func(Rate) bool {
	return func(r Rate) bool { return r.Family == name }
}

func operation(name string) func(Rate) bool {
	return func(r Rate) bool { return r.Operation == name }
}

func balancer(kind string) func(Rate) bool {
	return func(r Rate) bool {
		return r.Family == "Load Balancer-"+kind && (r.Operation == "" || r.Operation == "LoadBalancing:"+kind)
	}
}

// outside is data to the internet; the free tier stands under the location Any.
func outside(r Rate) bool {
	return (r.To == "" || r.To == "External") && r.Location != "Any"
}

func lambda(group string) func(Rate) bool {
	return func(r Rate) bool { return r.Group == group && r.Location != "Any" }
}

func postgres(deployment string) func(Rate) bool {
	return func(r Rate) bool {
		return (r.Engine == "PostgreSQL" || r.Engine == "Any") && (r.Deployment == "" || r.Deployment == deployment)
	}
}

// shared is an instance with Linux on shared hardware, without software or reservation.
func shared(r Rate) bool {
	return r.OS == "Linux" && r.Tenancy == "Shared" && (r.Status == "" || r.Status == "Used") && (r.Software == "" || r.Software == "NA")
}

// list is everything that a refresh looks for. Lightsail, CloudFront and Fly.io are not in it: their price
// files have no usagetypes that could be confirmed, so their prices stay those of the table.
var list = sync.OnceValue(func() []wanted { return append(fixedWants(), machineWants()...) })

// fixedWants is what does not depend on the catalogue.
func fixedWants() []wanted {
	return []wanted{
		{"fargate.x86.vcpu_hour", "AmazonECS", "Fargate-vCPU-Hours:perCPU", 0, linux, true},
		{"fargate.x86.gb_hour", "AmazonECS", "Fargate-GB-Hours", 0, linux, true},
		{"fargate.arm.vcpu_hour", "AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU", 0, arm, true},
		{"fargate.arm.gb_hour", "AmazonECS", "Fargate-ARM-GB-Hours", 0, arm, true},
		{"fargate.ephemeral_gb_hour", "AmazonECS", "Fargate-EphemeralStorage-GB-Hours", 0, nil, true},
		{"fargate.windows.vcpu_hour", "AmazonECS", "Fargate-Windows-vCPU-Hours:perCPU", 0, nil, false},
		{"fargate.windows.gb_hour", "AmazonECS", "Fargate-Windows-GB-Hours", 0, nil, false},
		{"fargate.windows.os_vcpu_hour", "AmazonECS", "Fargate-Windows-OS-Hours:perCPU", 0, nil, false},
		{"apprunner.vcpu_hour", "AWSAppRunner", "AppRunner-vCPU-hours", 0, operation("RunService"), true},
		{"apprunner.gb_hour", "AWSAppRunner", "AppRunner-Provisioned-GB-hours", 0, operation("RunService"), true},
		{"alb.hour", "AWSELB", "LoadBalancerUsage", 0, balancer("Application"), true},
		{"alb.lcu_hour", "AWSELB", "LCUUsage", 0, balancer("Application"), true},
		{"nlb.hour", "AWSELB", "LoadBalancerUsage", 0, balancer("Network"), false},
		{"nlb.nlcu_hour", "AWSELB", "LCUUsage", 0, balancer("Network"), false},
		{"ipv4.public_hour", "AmazonVPC", "PublicIPv4:InUseAddress", 0, nil, true},
		{"ipv4.idle_hour", "AmazonVPC", "PublicIPv4:IdleAddress", 0, nil, false},
		{"vpc.interface_endpoint_hour", "AmazonVPC", "VpcEndpoint-Hours", 0, nil, false},
		{"vpc.interface_endpoint_gb", "AmazonVPC", "VpcEndpoint-Bytes", 0, nil, false},
		{"nat.hour", "AmazonEC2", "NatGateway-Hours", 0, family("NAT Gateway"), true},
		{"nat.gb", "AmazonEC2", "NatGateway-Bytes", 0, family("NAT Gateway"), true},
		{"ebs.gp3_gb_month", "AmazonEC2", "EBS:VolumeUsage.gp3", 0, nil, false},
		{"logs.ingest_gb", "AmazonCloudWatch", "DataProcessing-Bytes", 0, operation("PutLogEvents"), true},
		{"logs.store_gb_month", "AmazonCloudWatch", "TimedStorage-ByteHrs", 0, nil, true},
		{"ecr.gb_month", "AmazonECR", "TimedStorage-ByteHrs", 0, nil, true},
		{"efs.standard_gb_month", "AmazonEFS", "TimedStorage-ByteHrs", 0, func(r Rate) bool { return r.Class == "" || r.Class == "General Purpose" }, false},
		{"egress.gb.tier1", "AWSDataTransfer", "DataTransfer-Out-Bytes", 0, outside, false},
		{"egress.gb.tier2", "AWSDataTransfer", "DataTransfer-Out-Bytes", 10240, outside, false},
		{"egress.gb.tier3", "AWSDataTransfer", "DataTransfer-Out-Bytes", 51200, outside, false},
		{"egress.gb.tier4", "AWSDataTransfer", "DataTransfer-Out-Bytes", 153600, outside, false},
		{"egress.crossaz_gb", "AWSDataTransfer", "DataTransfer-Regional-Bytes", 0, nil, false},
		{"lambda.x86.gb_second", "AWSLambda", "Lambda-GB-Second", 0, lambda("AWS-Lambda-Duration"), true},
		{"lambda.request", "AWSLambda", "Request", 0, lambda("AWS-Lambda-Requests"), true},
		{"lambda.arm.gb_second", "AWSLambda", "Lambda-GB-Second-ARM", 0, lambda("AWS-Lambda-Duration-ARM"), false},
		{"eks.cluster_hour", "AmazonEKS", "AmazonEKS-Hours:perCluster", 0, nil, true},
		{"rds.gp3_gb_month", "AmazonRDS", "RDS:GP3-Storage", 0, postgres("Single-AZ"), true},
		{"rds.postgres.db.t4g.micro_hour", "AmazonRDS", "InstanceUsage:db.t4g.micro", 0, postgres("Single-AZ"), true},
		{"rds.postgres.db.t4g.small_hour", "AmazonRDS", "InstanceUsage:db.t4g.small", 0, postgres("Single-AZ"), false},
		{"rds.postgres.db.t4g.medium_hour", "AmazonRDS", "InstanceUsage:db.t4g.medium", 0, postgres("Single-AZ"), true},
		{"rds.postgres.db.t4g.micro_multiaz_hour", "AmazonRDS", "Multi-AZUsage:db.t4g.micro", 0, postgres("Multi-AZ"), false},
		{"secretsmanager.secret_month", "AWSSecretsManager", "AWSSecretsManager-Secrets", 0, nil, false},
		{"codebuild.linux.general1.small_minute", "CodeBuild", "Build-Min:Linux:g1.small", 0, nil, true},
	}
}

// machineWants is the instance types of the catalogue.
func machineWants() []wanted {
	var out []wanted
	for _, m := range catalog.Default().Machines.Types {
		out = append(out, wanted{"ec2." + m.Type + "_hour", "AmazonEC2", "BoxUsage:" + m.Type, 0, shared, false})
	}
	return out
}

// offers is the offer files that are read, in the order of the list.
func offers() []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range list() {
		if !seen[w.offer] {
			seen[w.offer] = true
			out = append(out, w.offer)
		}
	}
	return out
}

// of says which wanted SKUs a rate of an offer is the price of. An offer that is not known yields none.
func of(offer, region string, r Rate) []wanted {
	if r.Region != "" && r.Region != region {
		return nil
	}
	usage := behindPrefix(r.Usage)
	var out []wanted
	for _, w := range list() {
		if w.offer == offer && w.usage == usage && w.begin == r.Begin && (w.match == nil || w.match(r)) {
			out = append(out, w)
		}
	}
	return out
}

// sensible refuses units that cannot be those of the table: a price per request is not one per million.
func sensible(w wanted, r Rate) bool {
	u := strings.ToLower(r.Unit)
	switch {
	case strings.HasSuffix(w.key, "hour"):
		return strings.Contains(u, "hour") || strings.Contains(u, "hr")
	case strings.HasSuffix(w.key, "_minute"):
		return strings.Contains(u, "min")
	case strings.HasSuffix(w.key, "gb"), strings.HasSuffix(w.key, "gb_month"), strings.HasPrefix(w.key, "egress."):
		return strings.HasPrefix(u, "gb") || u == "gigabytes"
	}
	return true
}
