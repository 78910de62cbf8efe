package traffic

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// zoneARN is the ARN of a hosted zone, which names no account.
func zoneARN(s *resource.Scope, id string) string {
	return "arn:" + s.Identity.Partition + ":route53:::hostedzone/" + id
}

// setsOf are the record sets of a name in a hosted zone.
func setsOf(ctx context.Context, s *resource.Scope, zone, name string) (sets []r53types.ResourceRecordSet, err error) {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String(name + ".")}
	for {
		out, err := s.Route53.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, set := range out.ResourceRecordSets {
			if undotted(aws.ToString(set.Name)) != name {
				return sets, nil
			}
			sets = append(sets, set)
		}
		if !out.IsTruncated {
			return sets, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
}

// busyZone is the error of a zone that takes another change just now.
var busyZone = []cloud.Retryable{{Code: "PriorRequestNotComplete", For: 5 * time.Minute}}

// changeZone makes changes of a hosted zone, all of them or none, and returns the id of the change.
func changeZone(ctx context.Context, s *resource.Scope, zone string, changes []r53types.Change) (id string, err error) {
	err = s.Retry(ctx, busyZone, func(ctx context.Context) error {
		out, err := s.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{Comment: aws.String("berth"), Changes: changes},
		})
		if err == nil && out.ChangeInfo != nil {
			id = aws.ToString(out.ChangeInfo.Id)
		}
		return err
	})
	return id, err
}

// inSync waits until all name servers of Route 53 know changes.
func inSync(ctx context.Context, s *resource.Scope, changes []string, usually time.Duration) error {
	for _, id := range changes {
		w := cloud.Wait{For: "all Route 53 name servers to have the records", Deadline: 10 * time.Minute}
		err := s.Poll(ctx, w, usually, func(ctx context.Context) (bool, string, error) {
			out, err := s.Route53.GetChange(ctx, &route53.GetChangeInput{Id: &id})
			if err != nil {
				return false, "", err
			}
			return out.ChangeInfo.Status == r53types.ChangeStatusInsync, "", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
