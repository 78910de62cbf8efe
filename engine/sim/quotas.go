package sim

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	sqtypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
)

// quotasService is Service Quotas. Each service says which of its quotas there are.
func quotasService() awsService {
	return awsService{name: "servicequotas", operations: []operation{op(quotasGetServiceQuota), op(quotasListServiceQuotas, pages("Quotas", 100, 100))}}
}

// quotaCode is one quota of Service Quotas that the account knows.
type quotaCode struct {
	service, code, name string
	fault               string // what a quota fault calls it; empty when none does
	value               int
}

// quotaCodes is the quotas of all services, with the values of an account of some standing. The codes are AWS's.
func quotaCodes() []quotaCode {
	var all []quotaCode
	for _, s := range services() {
		all = append(all, s.quotas...)
	}
	return all
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
	for _, q := range quotaCodes() {
		if q.service == str(in.ServiceCode) && q.code == str(in.QuotaCode) {
			return &servicequotas.GetServiceQuotaOutput{Quota: new(c.quotaOut(q))}, nil
		}
	}
	return nil, &sqtypes.NoSuchResourceException{Message: msg("The request failed because the specified service quota does not exist.")}
}

func quotasListServiceQuotas(c *call, in *servicequotas.ListServiceQuotasInput) (*servicequotas.ListServiceQuotasOutput, error) {
	out := &servicequotas.ListServiceQuotasOutput{}
	for _, q := range quotaCodes() {
		if q.service == str(in.ServiceCode) {
			out.Quotas = append(out.Quotas, c.quotaOut(q))
		}
	}
	return out, nil
}
