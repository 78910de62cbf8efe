package advise

import "berth/compare/price"

// What stands for a need that is said without its size.
const (
	defaultDatabase   = "db.t4g.micro"
	defaultDatabaseGB = 20
	defaultCache      = "cache.t4g.micro"
)

// Complete fills in what needs and usage say about each other: a database that is needed has a class, a class that is
// given is a need, files that go to S3 are not on a disk, a private network has a gateway to the internet. A usage that
// is exact has all of that already.
func Complete(r Requirements, u price.Usage) (Requirements, price.Usage) {
	r.Database, r.Cache = r.Database || u.Database != "", r.Cache || u.Cache != ""
	if u.Exact {
		return r, u
	}
	if r.Database && u.Database == "" {
		u.Database, u.DatabaseGB = defaultDatabase, max(u.DatabaseGB, defaultDatabaseGB)
	}
	if r.Cache && u.Cache == "" {
		u.Cache = defaultCache
	}
	if r.UploadsToS3 && !r.PersistentStorage {
		u.ObjectGB = max(u.ObjectGB, u.StorageGB)
	}
	if r.PrivateNetwork && u.NATGateways == 0 {
		u.NATGateways = 1
		if r.MultiAZ {
			u.NATGateways = price.Zones
		}
	}
	r.PrivateNetwork = r.PrivateNetwork || u.NATGateways > 0
	return r, u
}
