package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// kmsService is KMS: customer managed keys and aliases, as far as others refer to them. AWS's own keys are there with
// the first look at them.
func kmsService() awsService {
	return awsService{
		name:  "kms",
		state: []keeper{kmsShelf},
		operations: []operation{
			op(kmsCreateKey, tagging("kms:TagResource")), op(kmsDescribeKey), op(kmsListKeys, pages("Keys", 100, 1000)),
			op(kmsCreateAlias), op(kmsListAliases, pages("Aliases", 50, 100)), op(kmsDeleteAlias), op(kmsScheduleKeyDeletion), op(kmsCancelKeyDeletion),
		},
		list: func(v *inventory, r *region) {
			for _, k := range r.kms().Keys {
				if k.Deletion.IsZero() {
					v.add("kms.Key", named(r, k.Tags, k.Description), false, map[string]any{"Description": k.Description, "Alias": k.Alias, "Tags": k.Tags}, k.ID)
				}
			}
		},
		sweep: func(w *world) {
			w.r.kms().Keys = slices.DeleteFunc(w.r.kms().Keys, func(k *kmsKey) bool { return !k.Deletion.IsZero() && !w.st.Now.Before(k.Deletion) })
		},
	}
}

type kmsState struct{ Keys []*kmsKey }

const kmsShelf shelf[kmsState] = "kms"

func (r *region) kms() *kmsState { return kmsShelf.in(&r.Kept) }

type kmsKey struct {
	ID          string
	Description string
	Alias       string // with alias/, empty for none
	Created     time.Time
	Deletion    time.Time // zero unless it is scheduled
	Tags        tagMap
}

// ownKeys are the aliases of keys that AWS manages. Everybody in the account may use them.
var ownKeys = []string{"alias/aws/ssm", "alias/aws/secretsmanager", "alias/aws/rds", "alias/aws/elasticfilesystem", "alias/aws/s3", "alias/aws/sns"}

// key finds a key by id, ARN, alias or alias's ARN; own is true for one that AWS manages, which has no entry.
func (r *region) key(ref string) (k *kmsKey, own bool) {
	name := ref
	if strings.HasPrefix(ref, "arn:") {
		name = ref[strings.LastIndex(ref, ":")+1:]
	}
	id := strings.TrimPrefix(name, "key/")
	return find(r.kms().Keys, func(k *kmsKey) bool { return k.ID == id || k.Alias != "" && k.Alias == name }), slices.Contains(ownKeys, name)
}

func noKey(ref string) error {
	return &kmstypes.NotFoundException{Message: msg("Key '%s' does not exist", ref)}
}

// keyARN is the ARN of a key by any reference to it.
func (w *world) keyARN(ref string) string {
	if k, _ := w.r.key(ref); k != nil {
		return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", w.r.Name, w.st.Account, k.ID)
	}
	return ref
}

// keyFor checks that a call may use a key for a service; an empty one, or one that AWS manages, anybody may.
func (c *call) keyFor(service, ref string, actions ...string) error {
	if ref == "" {
		return nil
	}
	k, own := c.r.key(ref)
	if own {
		return nil
	}
	if k == nil || !k.Deletion.IsZero() {
		return apiErr("KMSKeyNotAccessibleFault", "The KMS key %s does not exist, is not enabled or is not accessible.", ref)
	}
	for _, action := range actions {
		if err := c.needs(service, action); err != nil {
			return err
		}
	}
	return nil
}

func kmsCreateKey(c *call, in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
	k := &kmsKey{
		ID: uuidOf(c.st.fresh(c.r.Name, "key", str(in.Description))), Description: str(in.Description), Created: c.now,
		Tags: tagsFrom(in.Tags, func(t kmstypes.Tag) (*string, *string) { return t.TagKey, t.TagValue }),
	}
	c.r.kms().Keys = append(c.r.kms().Keys, k)
	return &kms.CreateKeyOutput{KeyMetadata: c.keyOut(k)}, nil
}

func (c *call) keyOut(k *kmsKey) *kmstypes.KeyMetadata {
	o := &kmstypes.KeyMetadata{
		KeyId: new(k.ID), Arn: new(c.arn("kms", "key/%s", k.ID)), AWSAccountId: new(c.st.Account), CreationDate: new(k.Created), Description: new(k.Description),
		Enabled: k.Deletion.IsZero(), KeyManager: kmstypes.KeyManagerTypeCustomer, KeySpec: kmstypes.KeySpecSymmetricDefault, KeyState: kmstypes.KeyStateEnabled,
		KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt, Origin: kmstypes.OriginTypeAwsKms, DeletionDate: timeOrNil(k.Deletion), MultiRegion: new(false),
	}
	if !o.Enabled {
		o.KeyState = kmstypes.KeyStatePendingDeletion
	}
	return o
}

// ownID is the id of a key that AWS manages.
func (c *call) ownID(alias string) string {
	return uuidOf(stableID(c.st.Account, c.r.Name, strings.TrimPrefix(alias, "alias/")))
}

func kmsDescribeKey(c *call, in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	ref := str(in.KeyId)
	k, own := c.r.key(ref)
	if own {
		alias := ref[strings.Index(ref, "alias/"):]
		o := c.keyOut(&kmsKey{ID: c.ownID(alias), Description: "Default key that protects my data when no other key is defined"})
		o.KeyManager = kmstypes.KeyManagerTypeAws
		return &kms.DescribeKeyOutput{KeyMetadata: o}, nil
	}
	if k == nil {
		return nil, noKey(ref)
	}
	return &kms.DescribeKeyOutput{KeyMetadata: c.keyOut(k)}, nil
}

func kmsListKeys(c *call, _ *kms.ListKeysInput) (*kms.ListKeysOutput, error) {
	out := &kms.ListKeysOutput{}
	for _, k := range c.r.kms().Keys {
		out.Keys = append(out.Keys, kmstypes.KeyListEntry{KeyId: new(k.ID), KeyArn: new(c.arn("kms", "key/%s", k.ID))})
	}
	return out, nil
}

func kmsCreateAlias(c *call, in *kms.CreateAliasInput) (*kms.CreateAliasOutput, error) {
	name := str(in.AliasName)
	k, _ := c.r.key(str(in.TargetKeyId))
	taken, own := c.r.key(name)
	switch {
	case !strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/") || own:
		return nil, &kmstypes.InvalidAliasNameException{Message: msg("Alias must start with the prefix \"alias/\" and must not be one of AWS's.")}
	case k == nil:
		return nil, noKey(str(in.TargetKeyId))
	case taken != nil:
		return nil, &kmstypes.AlreadyExistsException{Message: msg("An alias with the name %s already exists", c.arn("kms", "%s", name))}
	}
	k.Alias = name
	return &kms.CreateAliasOutput{}, nil
}

func kmsDeleteAlias(c *call, in *kms.DeleteAliasInput) (*kms.DeleteAliasOutput, error) {
	k, _ := c.r.key(str(in.AliasName))
	if k == nil {
		return nil, noKey(str(in.AliasName))
	}
	k.Alias = ""
	return &kms.DeleteAliasOutput{}, nil
}

func kmsListAliases(c *call, in *kms.ListAliasesInput) (*kms.ListAliasesOutput, error) {
	out := &kms.ListAliasesOutput{}
	add := func(alias, id string) {
		if alias != "" && (in.KeyId == nil || strings.HasSuffix(*in.KeyId, id)) {
			out.Aliases = append(out.Aliases, kmstypes.AliasListEntry{AliasName: new(alias), AliasArn: new(c.arn("kms", "%s", alias)), TargetKeyId: new(id)})
		}
	}
	for _, alias := range ownKeys {
		add(alias, c.ownID(alias))
	}
	for _, k := range c.r.kms().Keys {
		add(k.Alias, k.ID)
	}
	return out, nil
}

func kmsScheduleKeyDeletion(c *call, in *kms.ScheduleKeyDeletionInput) (*kms.ScheduleKeyDeletionOutput, error) {
	k, _ := c.r.key(str(in.KeyId))
	days := val(in.PendingWindowInDays, 30)
	switch {
	case k == nil:
		return nil, noKey(str(in.KeyId))
	case !k.Deletion.IsZero():
		return nil, &kmstypes.KMSInvalidStateException{Message: msg("%s is pending deletion.", c.arn("kms", "key/%s", k.ID))}
	}
	k.Deletion = c.now.Add(time.Duration(days) * 24 * time.Hour)
	return &kms.ScheduleKeyDeletionOutput{KeyId: new(k.ID), DeletionDate: new(k.Deletion), KeyState: kmstypes.KeyStatePendingDeletion, PendingWindowInDays: new(days)}, nil
}

func kmsCancelKeyDeletion(c *call, in *kms.CancelKeyDeletionInput) (*kms.CancelKeyDeletionOutput, error) {
	k, _ := c.r.key(str(in.KeyId))
	if k == nil {
		return nil, noKey(str(in.KeyId))
	}
	k.Deletion = time.Time{}
	return &kms.CancelKeyDeletionOutput{KeyId: new(k.ID)}, nil
}
