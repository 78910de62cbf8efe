package sim

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	sqtypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
)

// quotaCode is one quota of Service Quotas that the account knows.
type quotaCode struct {
	service, code, name string
	fault               string // what a quota fault calls it; empty when none does
	value               int
}

// The quotas, with the values of an account of some standing. The codes are AWS's.
var quotaCodes = []quotaCode{
	{"fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", "fargate", 6},
	{"vpc", "L-F678F1CE", "VPCs per Region", "vpc", 5},
	{"vpc", "L-0EA8095F", "Inbound or outbound rules per security group", "", 60},
	{"elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", "elb", 50},
	{"elasticloadbalancing", "L-B22855CB", "Target Groups per Region", "", 3000},
	{"ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", "", 5},
}

// quota is a quota that a fault lowers.
func (a *Account) quota(what string) (int, bool) {
	for _, f := range a.faults {
		if f.kind == faultQuota && f.target == what {
			return f.n, true
		}
	}
	return 0, false
}

func (c *call) quotaOut(q quotaCode) sqtypes.ServiceQuota {
	v := q.value
	if n, ok := c.a.quota(q.fault); ok && q.fault != "" {
		v = n
	}
	return sqtypes.ServiceQuota{
		ServiceCode: new(q.service), QuotaCode: new(q.code), QuotaName: new(q.name), Value: new(float64(v)), Adjustable: true,
		QuotaArn: new(fmt.Sprintf("arn:aws:servicequotas:%s:%s:%s/%s", c.r.Name, c.st.Account, q.service, q.code)),
	}
}

func quotasGetServiceQuota(c *call, in *servicequotas.GetServiceQuotaInput) (*servicequotas.GetServiceQuotaOutput, error) {
	for _, q := range quotaCodes {
		if q.service == str(in.ServiceCode) && q.code == str(in.QuotaCode) {
			return &servicequotas.GetServiceQuotaOutput{Quota: new(c.quotaOut(q))}, nil
		}
	}
	return nil, &sqtypes.NoSuchResourceException{Message: msg("The request failed because the specified service quota does not exist.")}
}

func quotasListServiceQuotas(c *call, in *servicequotas.ListServiceQuotasInput) (*servicequotas.ListServiceQuotasOutput, error) {
	out := &servicequotas.ListServiceQuotasOutput{}
	for _, q := range quotaCodes {
		if q.service == str(in.ServiceCode) {
			out.Quotas = append(out.Quotas, c.quotaOut(q))
		}
	}
	return out, nil
}
