package prices

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Rate is one price of an offer file: one dimension of one product, on demand.
type Rate struct {
	SKU        string
	Usage      string // usagetype, with the region's prefix
	Operation  string
	Family     string // productFamily
	Location   string // "Any" for free tiers
	Region     string // regionCode, empty in old files
	To         string // toLocation of data transfer
	Arch       string // cpuArchitecture
	OS         string // operatingSystem
	Tenancy    string
	Engine     string // databaseEngine
	Deployment string // deploymentOption
	Class      string // storageClass
	Group      string
	Status     string // capacitystatus
	Software   string // preInstalledSw
	Unit       string
	Begin      float64 // first unit that this price is for
	USD        float64
}

// Header is what an offer file says about itself.
type Header struct {
	Offer     string
	Version   string
	Published string // YYYY-MM-DD, empty when the file does not say
}

// errStop ends a reading that has seen enough.
var errStop = errors.New("stop")

// plain is the name of a column or attribute without case and spaces, which differ by offer.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// set fills the field of a rate that a plain name stands for.
func (r *Rate) set(name, value string) {
	switch name {
	case "sku":
		r.SKU = value
	case "usagetype":
		r.Usage = value
	case "operation":
		r.Operation = value
	case "productfamily":
		r.Family = value
	case "location", "fromlocation":
		if value != "" {
			r.Location = value
		}
	case "regioncode", "fromregioncode":
		if value != "" {
			r.Region = value
		}
	case "tolocation":
		r.To = value
	case "cpuarchitecture":
		r.Arch = value
	case "operatingsystem":
		r.OS = value
	case "tenancy":
		r.Tenancy = value
	case "databaseengine":
		r.Engine = value
	case "deploymentoption":
		r.Deployment = value
	case "storageclass":
		r.Class = value
	case "group":
		r.Group = value
	case "capacitystatus":
		r.Status = value
	case "preinstalledsw":
		r.Software = value
	case "unit":
		r.Unit = value
	}
}

// amount reads a number of a price list, where "Inf" has no end.
func amount(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < 0 {
		return 0, fmt.Errorf("%q is not an amount", s)
	}
	return v, nil
}

// ReadCSV streams an offer file in CSV and hands every on-demand price in USD to each. Rows before the one
// with the column names are what the file says about itself. A row that does not have its columns, as at the
// end of a download that was cut, is an error.
func ReadCSV(in io.Reader, each func(Rate) error) (Header, error) {
	var h Header
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	var columns []string
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			if columns == nil {
				return h, errors.New("read price list: there are no column names")
			}
			return h, nil
		}
		if err != nil {
			return h, fmt.Errorf("read price list: %w", err)
		}
		if columns == nil {
			if !h.meta(row) {
				for _, name := range row {
					columns = append(columns, plain(name))
				}
			}
			continue
		}
		if len(row) != len(columns) {
			line, _ := c.FieldPos(0)
			return h, fmt.Errorf("read price list: line %d has %d of %d columns: the download may be cut", line, len(row), len(columns))
		}
		r, ok, err := csvRate(columns, row)
		if err != nil {
			line, _ := c.FieldPos(0)
			return h, fmt.Errorf("read price list: line %d: %w", line, err)
		}
		if ok {
			if err := each(r); err != nil {
				return h, stopped(err)
			}
		}
	}
}

// stopped turns errStop into a good end.
func stopped(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// meta takes a row that says something about the file, and false for the row of column names.
func (h *Header) meta(row []string) bool {
	for _, f := range row {
		if strings.EqualFold(strings.TrimSpace(f), "sku") {
			return false
		}
	}
	if len(row) >= 2 {
		h.set(plain(row[0]), row[1])
	}
	return true
}

func (h *Header) set(name, value string) {
	switch name {
	case "offercode":
		h.Offer = value
	case "version":
		h.Version = value
	case "publicationdate":
		if d, err := time.Parse(time.RFC3339, value); err == nil {
			h.Published = d.UTC().Format(time.DateOnly)
		}
	}
}

// csvRate makes a rate of a row; false for terms and currencies that are not ours.
func csvRate(columns, row []string) (Rate, bool, error) {
	var r Rate
	var err error
	keep := true
	for i, name := range columns {
		v := row[i]
		switch name {
		case "termtype":
			keep = keep && (v == "" || v == "OnDemand")
		case "currency":
			keep = keep && (v == "" || v == "USD")
		case "priceperunit":
			if r.USD, err = amount(v); err != nil {
				return r, false, fmt.Errorf("price: %w", err)
			}
		case "startingrange":
			if r.Begin, err = amount(v); err != nil {
				return r, false, fmt.Errorf("range: %w", err)
			}
		default:
			r.set(name, v)
		}
	}
	return r, keep, nil
}
