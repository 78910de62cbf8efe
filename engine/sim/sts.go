package sim

import (
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// stsService is STS.
func stsService() awsService {
	return awsService{name: "sts", protocol: speaksQuery, operations: []operation{op(stsGetCallerIdentity)}}
}

func stsGetCallerIdentity(c *call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: new(c.st.Account), Arn: new(c.st.principal()), UserId: new("AIDASIMULATED00000000"),
	}, nil
}
