package compute

import (
	"context"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// The tags of a revision that say where it came from. People read them; nothing is decided by them.
const (
	tagBy     = "berth:by"     // who registered it
	tagCommit = "berth:commit" // what it was built from
)

// originTags say who registers the revision, and from which commit of the source. What is not known has no tag.
func (t *TaskDefinition) originTags(s *resource.Scope) []ecstypes.Tag {
	var tags []ecstypes.Tag
	add := func(key, value string) {
		if value = tagValue(value); value != "" {
			tags = append(tags, ecstypes.Tag{Key: aws.String(key), Value: &value})
		}
	}
	add(tagBy, who(s.Identity.ARN))
	if t.Image.Build != nil {
		add(tagCommit, t.Image.Build.Commit)
	}
	return tags
}

// Origin reads who registered a revision (family:number) and the commit that it was built from, each empty when
// the revision does not say it, or is gone. Other errors of the SDK come as they are.
func Origin(ctx context.Context, c *cloud.Clients, revision string) (by, commit string, err error) {
	out, err := c.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &revision, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if cloud.Is(err, "ClientException", "InvalidParameterException") || cloud.NotFound(err) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	for _, tag := range out.Tags {
		switch aws.ToString(tag.Key) {
		case tagBy:
			by = aws.ToString(tag.Value)
		case tagCommit:
			commit = aws.ToString(tag.Value)
		}
	}
	return by, commit, nil
}

// who is the name that people know the owner of an ARN of STS by: a user's name, or the name of the session of an
// assumed role, which IAM Identity Center makes the name of the person.
func who(identity string) string {
	a, err := arn.Parse(identity)
	if err != nil {
		return ""
	}
	return a.Resource[strings.LastIndex(a.Resource, "/")+1:]
}

// tagLength is how many characters the value of a tag may have.
const tagLength = 256

// tagValue makes a text fit for the value of a tag: letters, digits, spaces and _.:/=+-@ (ECS, Tag).
func tagValue(s string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" _.:/=+-@", r) {
			return r
		}
		return '-'
	}, strings.ToValidUTF8(strings.TrimSpace(s), "-"))
	if runes := []rune(clean); len(runes) > tagLength {
		clean = string(runes[:tagLength])
	}
	return clean
}
