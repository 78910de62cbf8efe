package artifact

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"

	"berth/engine/fail"
	"berth/engine/resource"
)

// host is the registry's host. An emulator's repository URI says its own.
func (r *Repository) host(s *resource.Scope) string {
	if host, _, ok := strings.Cut(r.URI, "/"); ok {
		return host
	}
	suffix := ".amazonaws.com"
	if s.Identity.Partition == "aws-cn" {
		suffix += ".cn"
	}
	return s.Identity.Account + ".dkr.ecr." + s.Region + suffix
}

// login is the account's sign-in for its registry.
func (r *Repository) login(ctx context.Context, s *resource.Scope, options ...func(*ecr.Options)) (authn.Authenticator, error) {
	out, err := s.ECR.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{}, options...)
	if err != nil {
		return nil, err
	}
	if len(out.AuthorizationData) == 0 {
		return nil, &fail.Error{Class: fail.Failed, Cause: "the registry returned no credentials"}
	}
	token, err := base64.StdEncoding.DecodeString(aws.ToString(out.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return nil, fmt.Errorf("decode the registry's credentials: %w", err)
	}
	user, password, _ := strings.Cut(string(token), ":")
	return &authn.Basic{Username: user, Password: password}, nil
}
