package price

import "time"

// SoFar is the part of a monthly sum in USD that the calendar month of now (in UTC, as AWS bills) has cost since
// its beginning, or since what costs it was made, whichever is later. The month counts as HoursPerMonth.
func SoFar(monthlyUSD float64, made, now time.Time) float64 {
	now = now.UTC()
	from := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if made.After(from) {
		from = made
	}
	return monthlyUSD * max(0, now.Sub(from).Hours()) / HoursPerMonth
}
