package traffic

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// CloudFront keeps errors for 10 s unless it is told not to, and pages that somebody chose stay.
func TestNoErrorIsKept(t *testing.T) {
	theirs := &cftypes.CustomErrorResponses{Quantity: aws.Int32(1), Items: []cftypes.CustomErrorResponse{{
		ErrorCode: aws.Int32(503), ErrorCachingMinTTL: aws.Int64(60), ResponseCode: aws.String("503"), ResponsePagePath: aws.String("/sorry.html"),
	}}}
	for have, kept := range map[*cftypes.CustomErrorResponses]int64{nil: 10, theirs: 60} {
		if got := errorsKept(have); got != kept {
			t.Errorf("kept for %d s, want %d", got, kept)
		}
		if got := errorsKept(keepNoErrors(have)); got != 0 {
			t.Errorf("kept for %d s afterwards", got)
		}
	}
	for _, x := range keepNoErrors(theirs).Items {
		if *x.ErrorCode == 503 && *x.ResponsePagePath != "/sorry.html" {
			t.Error("the page is gone")
		}
	}
}

func TestPriceClass(t *testing.T) {
	for region, want := range map[string]cftypes.PriceClass{
		"us-east-1": "PriceClass_100", "eu-west-2": "PriceClass_100", "il-central-1": "PriceClass_100", "ap-northeast-1": "PriceClass_200",
		"me-south-1": "PriceClass_200", "af-south-1": "PriceClass_200", "sa-east-1": "PriceClass_All", "ap-southeast-2": "PriceClass_All",
	} {
		if got := priceClass(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}
