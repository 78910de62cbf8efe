package compute

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
)

// duplicateOperation is the operation that does already what was asked for.
func duplicateOperation(err error) *string {
	var dup *sdtypes.DuplicateRequest
	if errors.As(err, &dup) {
		return dup.DuplicateOperationId
	}
	return nil
}

// cloudMapTags are the tags of a namespace or of a service in one.
func cloudMapTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.CloudMap.ListTagsForResource(ctx, &sd.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.Tags, func(t sdtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// cloudMapOperation waits for an operation of Cloud Map to end.
func cloudMapOperation(ctx context.Context, s *resource.Scope, id *string, what string, usually time.Duration) error {
	w := cloud.Wait{For: what, Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.CloudMap.GetOperation(ctx, &sd.GetOperationInput{OperationId: id})
		if err != nil || out.Operation == nil {
			return false, "", err
		}
		switch out.Operation.Status {
		case sdtypes.OperationStatusSuccess:
			return true, "", nil
		case sdtypes.OperationStatusFail:
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "AWS could not set up " + what,
				Evidence: aws.ToString(out.Operation.ErrorCode) + ": " + aws.ToString(out.Operation.ErrorMessage),
				Remedy:   "usually a private hosted zone of the same name exists in this VPC: delete it, then deploy again",
			}
		case sdtypes.OperationStatusSubmitted, sdtypes.OperationStatusPending:
		}
		return false, "", nil
	})
}

// cloudMapBusy is the error while services or instances are still registered.
var cloudMapBusy = []cloud.Retryable{{Code: "ResourceInUse", For: 10 * time.Minute}}
