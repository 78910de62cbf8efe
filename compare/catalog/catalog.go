// Package catalog holds what is known about each service and region: typed facts, each with the source it
// was read in, the date of that source, and how sure it is. What is not known is Unknown, never a yes.
package catalog

// Region is one AWS region.
type Region struct {
	Code  string `json:"code"`
	Name  string `json:"name"`   // such as "Europe (London)"
	OptIn bool   `json:"opt_in"` // must be enabled in the account first
}
