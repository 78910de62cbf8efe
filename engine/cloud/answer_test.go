package cloud

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine/clock"
	"berth/engine/fail"
)

// endpoint is a made-up endpoint of AWS, on connections within the process. It gives the nth answer to the nth
// request, as raw HTTP, and closes the connection afterwards. Behind an answer that ends with silent the connection
// stays open.
type endpoint struct {
	mu      sync.Mutex
	answers []string
	asked   int
	quiet   sync.WaitGroup
	done    chan struct{}
}

const silent = "\x00"

func (e *endpoint) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	e.quiet.Go(func() {
		defer func() { _ = there.Close() }()
		req, err := http.ReadRequest(bufio.NewReader(there))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		time.Sleep(10 * time.Millisecond) // AWS answers after the request, never in the midst of it
		e.mu.Lock()
		n := min(e.asked, len(e.answers)-1)
		e.asked++
		e.mu.Unlock()
		answer, stays := strings.CutSuffix(e.answers[n], silent)
		_, _ = there.Write([]byte(answer))
		if stays {
			<-e.done
		}
	})
	return here, nil
}

// to makes clients for an endpoint.
func to(t *testing.T, answers ...string) (*Clients, *endpoint) {
	t.Helper()
	e := &endpoint{answers: answers, done: make(chan struct{})}
	t.Cleanup(func() { close(e.done); e.quiet.Wait() })
	env := Environment{Config: func(context.Context, Settings) (aws.Config, error) {
		return aws.Config{
			Region: "eu-west-2", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
			BaseEndpoint: aws.String("http://aws.test"),
			HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
				tr.DialContext, tr.DisableKeepAlives = e.dial, true
			}),
		}, nil
	}}
	c, err := env.Connect(t.Context(), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return c, e
}

// whole is an answer of HTTP.
func whole(status int, kind, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), kind, len(body), body)
}

// half is the same, cut in the middle of its body.
func half(answer string) string {
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	return answer[:len(answer)-len(body)/2]
}

// calls are one of each protocol.
var calls = map[string]struct {
	kind, good string
	call       func(context.Context, *Clients) error
}{
	"ec2": {
		"text/xml", `<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet/></DescribeVpcsResponse>`,
		func(ctx context.Context, c *Clients) error {
			_, err := c.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
			return err
		},
	},
	"query": {
		"text/xml", `<ListRolesResponse><ListRolesResult><IsTruncated>false</IsTruncated><Roles/></ListRolesResult></ListRolesResponse>`,
		func(ctx context.Context, c *Clients) error {
			_, err := c.IAM.ListRoles(ctx, &iam.ListRolesInput{})
			return err
		},
	},
	"json": {
		"application/x-amz-json-1.1", `{"clusterArns":["arn:aws:ecs:eu-west-2:1:cluster/a"]}`,
		func(ctx context.Context, c *Clients) error {
			_, err := c.ECS.ListClusters(ctx, &ecs.ListClustersInput{})
			return err
		},
	},
	"rest-xml": {
		"text/xml", `<DistributionList><IsTruncated>false</IsTruncated><Quantity>0</Quantity></DistributionList>`,
		func(ctx context.Context, c *Clients) error {
			_, err := c.CloudFront.ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
			return err
		},
	},
}

// An answer that is cut short, with its length told or not, is a lost one: the call is made again.
func TestACutAnswerIsAskedForAgain(t *testing.T) {
	for name, x := range calls {
		good := whole(200, x.kind, x.good)
		for what, bad := range map[string]string{
			"cut": half(good), "cut without a length": strings.Replace(half(good), "Content-Length", "X-Length", 1),
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, e := to(t, bad, good)
					if err := x.call(t.Context(), c); err != nil || e.asked != 2 {
						t.Errorf("asked %d times: %v", e.asked, err)
					}
				})
			})
		}
	}
}

// A call that gets no answer is given up, told, and made again a few times.
func TestSilenceIsNotWaitedForWithoutEnd(t *testing.T) {
	x := calls["json"]
	good := whole(200, x.kind, x.good)
	for _, c := range []struct {
		name    string
		answers []string
		asked   int
		atMost  time.Duration
		told    []string
	}{
		{"none", []string{silent}, 3, 100 * time.Second, []string{
			"no answer from AWS to ecs:ListClusters within 30s; asking again", "no answer from AWS to ecs:ListClusters within 30s; asking again",
			"no answer from AWS to ecs:ListClusters within 30s",
		}},
		{"then one", []string{silent, good}, 2, 35 * time.Second, []string{
			"no answer from AWS to ecs:ListClusters within 30s; asking again", "AWS answers again",
		}},
		{"half of one, then one", []string{half(good) + silent, good}, 2, 65 * time.Second, []string{
			"no answer from AWS to ecs:ListClusters within 1m0s; asking again", "AWS answers again",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clients, e := to(t, c.answers...)
				var told []string
				clients.OnSilence(func(text string, _ bool) { told = append(told, text) })
				start := time.Now()
				err := x.call(t.Context(), clients)
				took := time.Since(start)
				synctest.Wait() // for the goroutine that counts
				if e.asked != c.asked || took > c.atMost {
					t.Errorf("asked %d times in %s", e.asked, took)
				}
				if !slices.Equal(told, c.told) {
					t.Errorf("told %q", told)
				}
				if f := fail.From(Explain("list the clusters", err)); err != nil && f.Cause != "cannot list the clusters: AWS does not answer" {
					t.Errorf("%s (%s)", f.Cause, f.Evidence)
				}
				if (err == nil) != (len(c.answers) > 1) {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
}

// unable are the ways in which a service, or what stands before it, says that it cannot answer.
var unable = map[string]string{
	"502 empty": whole(502, "text/plain", ""), "503 page": whole(503, "text/html", "<!DOCTYPE html><html><body>busy</body></html>"),
	"504 empty": whole(504, "text/xml", ""),
	"503 code": whole(503, "text/xml", `<Response><Errors><Error><Code>Unavailable</Code><Message>busy</Message></Error></Errors>`+
		`<RequestID>1</RequestID></Response>`),
}

// A creation without a token that a gateway answered is looked for, and made again where it had no effect.
func TestAFailingGatewayDoesNotEndACreation(t *testing.T) {
	const made = `<CreateVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>`
	for name, bad := range unable {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/effect %v", name, effect), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, e := to(t, bad, whole(200, "text/xml", made))
					create := func(ctx context.Context) error {
						_, err := c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")},
							func(o *ec2.Options) { o.Retryer = OnlyThrottled(o.Retryer) })
						return err
					}
					find := func(context.Context) (bool, error) { return effect && e.asked > 0, nil }
					err := Once(t.Context(), clock.Clock{}, find, create)
					if want := map[bool]int{true: 1, false: 2}[effect]; err != nil || e.asked != want {
						t.Errorf("made %d times, %v", e.asked, err)
					}
				})
			})
		}
	}
}

// What a gateway says for hours is told by its status; "UnknownError" is nobody's cause.
func TestAGatewayIsNoCause(t *testing.T) {
	for name, bad := range unable {
		for protocol, x := range calls {
			synctest.Test(t, func(t *testing.T) {
				c, _ := to(t, bad)
				err := x.call(t.Context(), c)
				f := fail.From(Explain("look", err))
				if !strings.Contains(f.Evidence, " answered "+name[:3]+" ") || strings.Contains(f.Error()+f.Evidence, "Unknown") ||
					f.Cause != "cannot look: AWS cannot answer at the moment" {
					t.Errorf("%s, %s: %s (%s)", name, protocol, f.Cause, f.Evidence)
				}
			})
		}
	}
}
