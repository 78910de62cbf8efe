package sim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func iamListRoles(c *call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{}
	for _, r := range c.st.IAM.Roles {
		if strings.HasPrefix(r.Path, str(in.PathPrefix)) {
			out.Roles = append(out.Roles, iamtypes.Role{RoleName: new(r.Name), Path: new(r.Path), Arn: new(r.arn(c.st.Account))})
		}
	}
	return out, nil
}
