package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// secretsService is Secrets Manager.
func secretsService() awsService {
	return awsService{
		name:  "secretsmanager",
		state: []keeper{secretsShelf},
		operations: []operation{
			op(smCreateSecret, tagging("secretsmanager:TagResource")), op(smPutSecretValue), op(smUpdateSecret), op(smGetSecretValue),
			op(smDescribeSecret), op(smListSecrets, pages("SecretList", 100, 100)), op(smListSecretVersionIds, pages("Versions", 100, 100)),
			op(smUpdateSecretVersionStage), op(smDeleteSecret), op(smRestoreSecret), op(smTagResource), op(smUntagResource), op(smGetRandomPassword),
		},
		latencies: map[lat]time.Duration{latSecretGone: 10 * time.Second}, // assumed: a name is taken after a forced deletion
		list: func(v *inventory, r *region) {
			for _, s := range r.secrets().Secrets {
				if s.Deleted.IsZero() {
					v.add("secretsmanager.Secret", named(r, nil, s.Name), false, map[string]any{
						"Description": s.Description, "Key": s.Key, "Value": stableID(string(s.at("AWSCURRENT").Text)), "Owner": s.Owner, "Tags": s.Tags,
					}, s.ARN)
				}
			}
		},
		sweep: func(w *world) {
			w.r.secrets().Secrets = slices.DeleteFunc(w.r.secrets().Secrets, func(s *secret) bool { return !s.Gone.IsZero() && !w.st.Now.Before(s.Gone) })
		},
		secret: smSecret,
	}
}

type secretsState struct{ Secrets []*secret }

const secretsShelf shelf[secretsState] = "secretsmanager"

func (r *region) secrets() *secretsState { return secretsShelf.in(&r.Kept) }

const latSecretGone lat = "secretsmanager.gone"

type secret struct {
	ARN         string
	Name        string
	Description string
	Key         string // a KMS key; empty for AWS's own
	Owner       string // the service that manages it
	Versions    []*secretVersion
	Created     time.Time
	Changed     time.Time
	Deleted     time.Time // zero while it is there: its name stays taken
	Gone        time.Time // when it is gone for good
	Tags        tagMap
}

// secret finds a secret by name, ARN, or ARN without its random end.
func (r *region) secret(ref string) *secret {
	return find(r.secrets().Secrets, func(s *secret) bool { return s.Name == ref || s.ARN == ref || s.ARN[:len(s.ARN)-7] == ref })
}

// onSecret looks a secret up and passes it to fn. One that is marked for deletion is an error unless dead is true.
func onSecret[Out any](c *call, id *string, dead bool, fn func(*secret) (*Out, error)) (*Out, error) {
	s := c.r.secret(str(id))
	switch {
	case s == nil || !s.Gone.IsZero() && s.Gone.Sub(s.Deleted) < time.Hour: // a forced deletion shows at once
		return nil, &smtypes.ResourceNotFoundException{Message: msg("Secrets Manager can't find the specified secret.")}
	case !s.Deleted.IsZero() && !dead:
		return nil, &smtypes.InvalidRequestException{Message: msg("You can't perform this operation on the secret because it was marked for deletion.")}
	}
	return fn(s)
}

func smTags(in []smtypes.Tag) tagMap {
	return tagsFrom(in, func(t smtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (t tagMap) toSM() []smtypes.Tag {
	return tagsTo(t, func(k, v *string) smtypes.Tag { return smtypes.Tag{Key: k, Value: v} })
}

var secretName = pattern(`^[A-Za-z0-9/_+=.@!-]+$`)

func smCreateSecret(c *call, in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	name := str(in.Name)
	switch s := c.r.secret(name); {
	case len(name) > 512 || !secretName(name):
		return nil, apiErr("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	case s != nil && !s.Deleted.IsZero():
		return nil, &smtypes.InvalidRequestException{Message: msg("You can't create this secret because a secret with this name is already scheduled for deletion.")}
	case s != nil:
		if v := s.version(func(v *secretVersion) bool { return v.ID == str(in.ClientRequestToken) }); v != nil && v.Text == sealed(str(in.SecretString)) {
			return &secretsmanager.CreateSecretOutput{ARN: new(s.ARN), Name: new(s.Name), VersionId: new(v.ID)}, nil
		}
		return nil, &smtypes.ResourceExistsException{Message: msg("The operation failed because the secret %s already exists.", name)}
	}
	if err := c.keyFor("secretsmanager", str(in.KmsKeyId), "kms:GenerateDataKey", "kms:Decrypt"); err != nil {
		return nil, err
	}
	s := c.newSecret(name, str(in.Description), str(in.KmsKeyId), smTags(in.Tags))
	out := &secretsmanager.CreateSecretOutput{ARN: new(s.ARN), Name: new(s.Name)}
	if in.SecretString != nil || in.SecretBinary != nil {
		v, err := s.put(c.now, str(in.ClientRequestToken), str(in.SecretString), in.SecretBinary, nil)
		if err != nil {
			c.r.secrets().Secrets = remove(c.r.secrets().Secrets, s)
			return nil, err
		}
		out.VersionId = new(v.ID)
	}
	return out, nil
}

// newSecret makes a secret without a value.
func (c *call) newSecret(name, description, key string, t tagMap) *secret {
	s := &secret{Name: name, Description: description, Key: key, Created: c.now, Changed: c.now, Tags: t}
	s.ARN = c.arn("secretsmanager", "secret:%s-%s", name, lettersOf(c.st.fresh(c.r.Name, "secret", name), 6))
	c.r.secrets().Secrets = append(c.r.secrets().Secrets, s)
	return s
}

func smUpdateSecret(c *call, in *secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.UpdateSecretOutput, error) {
		out := &secretsmanager.UpdateSecretOutput{ARN: new(s.ARN), Name: new(s.Name)}
		if in.SecretString != nil || in.SecretBinary != nil {
			v, err := s.put(c.now, str(in.ClientRequestToken), str(in.SecretString), in.SecretBinary, nil)
			if err != nil {
				return nil, err
			}
			out.VersionId = new(v.ID)
		}
		s.Description, s.Key, s.Changed = val(in.Description, s.Description), val(in.KmsKeyId, s.Key), c.now
		return out, nil
	})
}

func smGetSecretValue(c *call, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.GetSecretValueOutput, error) {
		if err := c.keyFor("secretsmanager", s.Key, "kms:Decrypt"); err != nil {
			return nil, err
		}
		stage := val(in.VersionStage, "AWSCURRENT")
		v := s.version(func(v *secretVersion) bool {
			return in.VersionId != nil && v.ID == *in.VersionId || in.VersionId == nil && slices.Contains(v.Stages, stage)
		})
		if v == nil {
			return nil, &smtypes.ResourceNotFoundException{Message: msg("Secrets Manager can't find the specified secret value for staging label: %s", stage)}
		}
		out := &secretsmanager.GetSecretValueOutput{
			ARN: new(s.ARN), Name: new(s.Name), CreatedDate: new(v.Created), VersionId: new(v.ID), VersionStages: slices.Clone(v.Stages), SecretBinary: slices.Clone(v.Binary),
		}
		if v.Binary == nil {
			out.SecretString = new(string(v.Text))
		}
		return out, nil
	})
}

func smDescribeSecret(c *call, in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	return onSecret(c, in.SecretId, true, func(s *secret) (*secretsmanager.DescribeSecretOutput, error) {
		return &secretsmanager.DescribeSecretOutput{
			ARN: new(s.ARN), Name: new(s.Name), Description: orNil(s.Description), KmsKeyId: orNil(s.Key), OwningService: orNil(s.Owner), CreatedDate: new(s.Created),
			LastChangedDate: new(s.Changed), DeletedDate: timeOrNil(s.Deleted), VersionIdsToStages: s.stages(), Tags: s.Tags.toSM(),
		}, nil
	})
}

func smListSecrets(c *call, in *secretsmanager.ListSecretsInput) (*secretsmanager.ListSecretsOutput, error) {
	out := &secretsmanager.ListSecretsOutput{}
	for _, s := range c.r.secrets().Secrets {
		if !s.Deleted.IsZero() && !val(in.IncludePlannedDeletion, false) || !secretFits(s, in.Filters) {
			continue
		}
		out.SecretList = append(out.SecretList, smtypes.SecretListEntry{
			ARN: new(s.ARN), Name: new(s.Name), Description: orNil(s.Description), KmsKeyId: orNil(s.Key), OwningService: orNil(s.Owner), CreatedDate: new(s.Created),
			LastChangedDate: new(s.Changed), DeletedDate: timeOrNil(s.Deleted), SecretVersionsToStages: s.stages(), Tags: s.Tags.toSM(),
		})
	}
	return out, nil
}

// secretFits evaluates filters: all must fit, each by one of its values, which are beginnings.
func secretFits(s *secret, filters []smtypes.Filter) bool {
	for _, f := range filters {
		var have []string
		switch f.Key {
		case smtypes.FilterNameStringTypeName:
			have = []string{s.Name}
		case smtypes.FilterNameStringTypeDescription:
			have = []string{s.Description}
		case smtypes.FilterNameStringTypeOwningService:
			have = []string{s.Owner}
		case smtypes.FilterNameStringTypeTagKey:
			have = s.Tags.keys()
		case smtypes.FilterNameStringTypeTagValue:
			for _, k := range s.Tags.keys() {
				have = append(have, s.Tags[k])
			}
		}
		if !slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(f.Values, func(v string) bool { return strings.HasPrefix(h, v) })
		}) {
			return false
		}
	}
	return true
}

// smDeleteSecret marks a secret, whose name stays taken until it is gone. One that a service manages is that service's.
func smDeleteSecret(c *call, in *secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
	force, days := val(in.ForceDeleteWithoutRecovery, false), val(in.RecoveryWindowInDays, 30)
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, &smtypes.InvalidParameterException{Message: msg("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")}
	case days < 7 || days > 30:
		return nil, &smtypes.InvalidParameterException{Message: msg("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")}
	}
	return onSecret(c, in.SecretId, force, func(s *secret) (*secretsmanager.DeleteSecretOutput, error) {
		if s.Owner != "" {
			return nil, &smtypes.InvalidRequestException{Message: msg("You can't delete a secret that is managed by another service: %s", s.Owner)}
		}
		window := time.Duration(days) * 24 * time.Hour
		if force {
			window = c.a.delay(latSecretGone, s.ARN)
		}
		s.Deleted, s.Gone = c.now, c.now.Add(window)
		return &secretsmanager.DeleteSecretOutput{ARN: new(s.ARN), Name: new(s.Name), DeletionDate: new(s.Gone)}, nil
	})
}

func smRestoreSecret(c *call, in *secretsmanager.RestoreSecretInput) (*secretsmanager.RestoreSecretOutput, error) {
	return onSecret(c, in.SecretId, true, func(s *secret) (*secretsmanager.RestoreSecretOutput, error) {
		s.Deleted, s.Gone = time.Time{}, time.Time{}
		return &secretsmanager.RestoreSecretOutput{ARN: new(s.ARN), Name: new(s.Name)}, nil
	})
}

func smTagResource(c *call, in *secretsmanager.TagResourceInput) (*secretsmanager.TagResourceOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.TagResourceOutput, error) {
		s.Tags = s.Tags.merge(smTags(in.Tags))
		return &secretsmanager.TagResourceOutput{}, nil
	})
}

func smUntagResource(c *call, in *secretsmanager.UntagResourceInput) (*secretsmanager.UntagResourceOutput, error) {
	return onSecret(c, in.SecretId, false, func(s *secret) (*secretsmanager.UntagResourceOutput, error) {
		s.Tags = s.Tags.without(in.TagKeys)
		return &secretsmanager.UntagResourceOutput{}, nil
	})
}

func smGetRandomPassword(c *call, in *secretsmanager.GetRandomPasswordInput) (*secretsmanager.GetRandomPasswordOutput, error) {
	var b strings.Builder
	for n := 0; b.Len() < int(val(in.PasswordLength, 32)); n++ {
		for _, x := range lettersOf(c.st.fresh("password", fmt.Sprint(n)), 32) {
			if !strings.ContainsRune(str(in.ExcludeCharacters), x) && b.Len() < int(val(in.PasswordLength, 32)) {
				b.WriteRune(x)
			}
		}
	}
	return &secretsmanager.GetRandomPasswordOutput{RandomPassword: new(b.String())}, nil
}

// smSecret says why a task cannot have a secret, which it names as ARN:json-key:stage:version, where what is behind
// the ARN may be left out.
func smSecret(w *world, s start, from string) (problem string, mine bool) {
	parts := strings.Split(from, ":")
	if len(parts) < 7 || parts[2] != "secretsmanager" {
		return "", false
	}
	arn := strings.Join(parts[:7], ":")
	rest := append(parts[7:], "", "", "")
	key, stage, version := rest[0], rest[1], rest[2]
	failed := "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " + arn + " from secrets manager: "
	x := (*secret)(nil)
	if r := w.st.Regions[parts[3]]; r != nil && parts[4] == w.st.Account {
		x = r.secret(arn)
	}
	whole := arn
	if x != nil {
		whole = x.ARN
	}
	switch {
	case !allows(s.docs, "secretsmanager:GetSecretValue", whole):
		return failed + notAuthorized(s.user, "secretsmanager:GetSecretValue", arn), true
	case x == nil:
		return failed + "ResourceNotFoundException: Secrets Manager can't find the specified secret.", true
	case !x.Deleted.IsZero():
		return failed + "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.", true
	case x.Key != "" && !allows(s.docs, "kms:Decrypt", w.keyARN(x.Key)):
		return failed + "AccessDeniedException: Access to KMS is not allowed", true
	}
	v := x.at(val(orNil(stage), "AWSCURRENT"))
	if version != "" {
		v = x.version(func(v *secretVersion) bool { return v.ID == version })
	}
	if v == nil || v.ID == "" {
		return failed + "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: " + val(orNil(stage), "AWSCURRENT"), true
	}
	var fields map[string]any
	if key == "" {
		return "", true
	}
	if err := json.Unmarshal([]byte(v.Text), &fields); err != nil {
		return "unable to retrieve secret from asm: service call has been retried 1 time(s): " + err.Error(), true
	}
	if _, ok := fields[key]; !ok {
		return "unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key " + key, true
	}
	return "", true
}
