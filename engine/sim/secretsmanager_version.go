package sim

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

type secretVersion struct {
	ID      string
	Text    sealed
	Binary  []byte
	Stages  []string
	Created time.Time
}

// at gives the version with a stage; an empty one when there is none.
func (s *secret) at(stage string) *secretVersion {
	if v := s.version(func(v *secretVersion) bool { return slices.Contains(v.Stages, stage) }); v != nil {
		return v
	}
	return &secretVersion{}
}

func (s *secret) version(fits func(*secretVersion) bool) *secretVersion {
	return find(s.Versions, fits)
}

// stage gives a version its stages, which other versions lose. What was current is previous then.
func (s *secret) stage(v *secretVersion, stages []string) {
	for _, label := range stages {
		for _, o := range s.Versions {
			if i := slices.Index(o.Stages, label); i >= 0 && o != v {
				o.Stages = slices.Delete(slices.Clone(o.Stages), i, i+1)
				if label == "AWSCURRENT" {
					s.stage(o, []string{"AWSPREVIOUS"})
				}
			}
		}
		if !slices.Contains(v.Stages, label) {
			v.Stages = append(v.Stages, label)
		}
	}
}

// put adds a version. The same token with the same value is the version that there is.
func (s *secret) put(now time.Time, token, text string, binary []byte, stages []string) (*secretVersion, error) {
	if len(text) > 65536 || len(binary) > 65536 {
		return nil, &smtypes.InvalidParameterException{Message: msg("The secret value must have at most 65536 bytes.")}
	}
	if v := s.version(func(v *secretVersion) bool { return v.ID == token }); v != nil {
		if v.Text == sealed(text) && slices.Equal(v.Binary, binary) {
			return v, nil
		}
		return nil, &smtypes.ResourceExistsException{Message: msg("You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, s.ARN)}
	}
	v := &secretVersion{ID: token, Text: sealed(text), Binary: slices.Clone(binary), Created: now}
	s.Versions = append(s.Versions, v)
	if len(stages) == 0 {
		stages = []string{"AWSCURRENT"}
	}
	s.stage(v, stages)
	s.Changed = now
	s.Versions = slices.DeleteFunc(s.Versions, func(v *secretVersion) bool { return len(v.Stages) == 0 }) // deprecated: AWS drops them
	return v, nil
}

func smPutSecretValue(c *call, in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.PutSecretValueOutput, error) {
		if err := c.keyFor("secretsmanager", s.Key, "kms:GenerateDataKey"); err != nil {
			return nil, err
		}
		v, err := s.put(c.now, str(in.ClientRequestToken), str(in.SecretString), in.SecretBinary, in.VersionStages)
		if err != nil {
			return nil, err
		}
		return &secretsmanager.PutSecretValueOutput{ARN: new(s.ARN), Name: new(s.Name), VersionId: new(v.ID), VersionStages: slices.Clone(v.Stages)}, nil
	})
}

func (s *secret) stages() map[string][]string {
	out := map[string][]string{}
	for _, v := range s.Versions {
		out[v.ID] = slices.Clone(v.Stages)
	}
	return out
}

func smListSecretVersionIds(c *call, in *secretsmanager.ListSecretVersionIdsInput) (*secretsmanager.ListSecretVersionIdsOutput, error) {
	return onSecret(c, in.SecretId, true, func(s *secret) (*secretsmanager.ListSecretVersionIdsOutput, error) {
		out := &secretsmanager.ListSecretVersionIdsOutput{ARN: new(s.ARN), Name: new(s.Name)}
		for _, v := range s.Versions {
			out.Versions = append(out.Versions, smtypes.SecretVersionsListEntry{VersionId: new(v.ID), VersionStages: slices.Clone(v.Stages), CreatedDate: new(v.Created)})
		}
		return out, nil
	})
}

func smUpdateSecretVersionStage(c *call, in *secretsmanager.UpdateSecretVersionStageInput) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
		v := s.version(func(v *secretVersion) bool { return v.ID == str(in.MoveToVersionId) })
		if v == nil {
			return nil, &smtypes.InvalidParameterException{Message: msg("The version %s does not exist.", str(in.MoveToVersionId))}
		}
		s.stage(v, []string{str(in.VersionStage)})
		return &secretsmanager.UpdateSecretVersionStageOutput{ARN: new(s.ARN), Name: new(s.Name)}, nil
	})
}
