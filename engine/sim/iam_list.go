package sim

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamListRoles leaves the tags out, as IAM does.
func iamListRoles(c *call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{}
	for _, r := range c.st.IAM.Roles {
		if strings.HasPrefix(r.Path, str(in.PathPrefix)) {
			out.Roles = append(out.Roles, iamtypes.Role{
				RoleName: new(r.Name), Path: new(r.Path), Arn: new(r.arn(c.st.Account)), CreateDate: new(r.Created),
				AssumeRolePolicyDocument: new(url.QueryEscape(r.Trust)),
			})
		}
	}
	return out, nil
}
