package sim

import (
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func stsGetCallerIdentity(c *call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: new(c.st.Account), Arn: new(c.st.principal()), UserId: new("AIDASIMULATED00000000"),
	}, nil
}
