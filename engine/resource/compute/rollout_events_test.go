package compute

import "testing"

// What a service tells is routine, says why a task could not be placed, or names what holds the rollout up.
func TestServiceEvents(t *testing.T) {
	for text, want := range map[string]string{
		"has reached a steady state.":                                               "routine",
		"has started 2 tasks: (task 1) (task 2).":                                   "routine",
		"was unable to place a task. Reason: Capacity is unavailable at this time.": "unplaced",
		"failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided).":                 "unplaced",
		"was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the value.":          "held",
		"was unable to reach steady state because task set (taskSet ecs-svc/1) was unable to scale in due to reason(s): 2 protected tasks.": "held",
		"(deployment ecs-svc/1) deployment failed: alarm detected.":                                                                         "held",
		"The target group with targetGroupArn arn:aws:elasticloadbalancing:eu-west-2:1:targetgroup/x does not exist.":                       "held",
		"operations are being throttled on elb. Will try again later.":                                                                      "",
	} {
		got := ""
		switch {
		case routineEvent().MatchString(text):
			got = "routine"
		case unplacedEvent().MatchString(text):
			got = "unplaced"
		case heldEvent().MatchString(text):
			got = "held"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
