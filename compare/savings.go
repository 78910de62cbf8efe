package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// Saving is one thing that would make an app cheaper, and by how much a month.
type Saving struct {
	ID   string  `json:"id"` // spot, arm, savings-plan, office-hours, shared-balancer
	USD  float64 `json:"usd"`
	Text string  `json:"text"` // one line: what to do and what it asks for
}

// Instead is what an app takes that needs none of the services.
type Instead struct {
	ID       string         `json:"id"` // s3-cloudfront
	Name     string         `json:"name"`
	Text     string         `json:"text"`
	Estimate price.Estimate `json:"estimate"`
}

// instead is the way for an app that is nothing but files.
func (a Advisor) instead(region string, r advise.Requirements, u price.Usage) (*Instead, error) {
	if !r.StaticOnly {
		return nil, nil //nolint:nilnil // there is none
	}
	e, err := a.prices().Static(region, u)
	if err != nil {
		return nil, err
	}
	return &Instead{
		ID: "s3-cloudfront", Name: "Files in S3 behind CloudFront", Estimate: e.Aged(a.Today),
		Text: "Files alone need no container: put them into an S3 bucket (aws s3 sync) with a CloudFront distribution in front. berth deploys containers, so this is yours to do.",
	}, nil
}

// credits says how long a new account's credits pay for a monthly sum; empty when they pay for less than a month.
func credits(e price.Estimate) string {
	c := catalog.Default().Credits
	if !(e.MonthlyUSD > 0) {
		return ""
	}
	months := min(c.Months, int(c.USD/e.MonthlyUSD))
	if months < 1 {
		return ""
	}
	n := fmt.Sprintf("%d months", months)
	if months == 1 {
		n = "one month"
	}
	return fmt.Sprintf("covered by credits for %s in an account made since %s (up to %.0f USD for %d months; a free plan may refuse some services)",
		n, c.Since, c.USD, c.Months)
}

// Office hours: twelve hours on five days of the week.
const officeHoursPerDay = 12.0 * 5 / 7

// leastSaving is what is worth a line, in USD a month.
const leastSaving = 0.5

// savings is what would make a service cheaper for this very app, most first. Each is counted by itself.
func (a Advisor) savings(j advise.Judged) ([]Saving, error) {
	var out []Saving
	add := func(id string, usd float64, format string, args ...any) {
		if usd >= leastSaving {
			out = append(out, Saving{ID: id, USD: math.Round(usd*100) / 100, Text: fmt.Sprintf(format, args...)})
		}
	}
	with := func(change func(*price.Usage)) (float64, error) {
		u := j.Usage
		change(&u)
		usd, whole, err := a.prices().Monthly(j.Service, j.Region, u, advise.ShapeOf(j.Needs))
		if err != nil || !whole {
			return 0, err
		}
		return j.Estimate.MonthlyUSD - usd, nil
	}
	if j.Estimate.AtLeast() { // the difference to a sum that is not known is none
		return nil, nil
	}
	if j.Usage.Arch == "x86" && j.Service.Image.ARM64.Can == catalog.Yes {
		usd, err := with(func(u *price.Usage) { u.Arch = "arm" })
		if err != nil {
			return nil, err
		}
		add("arm", usd, "an image for arm64, on Graviton")
	}
	if j.Usage.ActiveHoursPerDay == 24 && !j.Needs.ScaleToZero {
		usd, err := with(func(u *price.Usage) { u.ActiveHoursPerDay = officeHoursPerDay })
		if err != nil {
			return nil, err
		}
		add("office-hours", usd, "off at night and on weekends (60 hours a week on)")
	}
	if j.Service.ID == "ecs-fargate" {
		if err := a.fargateSavings(j, add); err != nil {
			return nil, err
		}
	}
	if usd := a.balancer(j); usd > 0 && !j.Service.Limits.SharedBalancer {
		add("shared-balancer", usd/2, "one load balancer for two apps: half of it each")
	}
	slices.SortStableFunc(out, func(x, y Saving) int { return cmp.Compare(y.USD, x.USD) })
	return out, nil
}

// fargateSavings is other prices for the same tasks.
func (a Advisor) fargateSavings(j advise.Judged, add func(id string, usd float64, format string, args ...any)) error {
	u := j.Usage
	tasks := func(spot int) (price.Estimate, error) {
		b, err := a.prices().Bill(j.Region, u)
		if err != nil {
			return price.Estimate{}, err
		}
		z, gb, _ := j.Service.Sizes.Fit(u.VCPU, u.MemoryGB)
		b.Tasks(price.Tasks{Count: u.Instances, VCPU: z.VCPU, MemoryGB: gb, Arch: u.Arch, DiskGB: u.EphemeralGB, Spot: spot})
		return b.Estimate(), nil
	}
	plain, err := tasks(0)
	if err != nil {
		return err
	}
	if u.Instances > 1 {
		spot, err := tasks(u.Instances - 1)
		if err != nil {
			return err
		}
		note := ""
		if spot.Confidence == "unverified" {
			note = " (its price is not verified)"
		}
		if len(spot.Missing()) == 0 {
			add("spot", plain.MonthlyUSD-spot.MonthlyUSD, "Fargate Spot for all tasks but one%s; AWS may take them back with two minutes' notice", note)
		}
	}
	plan := 0.0
	for _, l := range plain.Lines {
		r, ok := a.prices().Exact(l.SKU+".csp_1y_noupfront", j.Region)
		if ok {
			plan += l.Quantity * (l.UnitUSD - r.USD)
		}
	}
	add("savings-plan", plan, "a Compute Savings Plan for a year, nothing upfront; it is paid whether the app runs or not")
	return nil
}

// balancer is what the load balancer of an estimate costs in any case.
func (a Advisor) balancer(j advise.Judged) float64 {
	b, err := a.prices().Bill(j.Region, j.Usage)
	if err != nil {
		return 0
	}
	b.LoadBalancer(price.Zones, "")
	mine := b.Estimate()
	for _, l := range j.Estimate.Lines {
		if l.SKU == "alb.hour" {
			return mine.AlwaysUSD
		}
	}
	return 0
}
