package spec

// alarmKeys are those of who hears of trouble.
var alarmKeys = []Key{
	{
		Name: "alarms.notify", Kind: List, Doc: "mail addresses and https:// URLs that are told when something is wrong; alarms are off without any",
		Example: `["ops@example.com"]`, at: func(s *Spec, _ bool) any { return &s.Alarms.Notify },
	},
	{
		Name: "alarms.monthly_usd", Kind: Whole, Doc: "US dollars a month of the whole AWS account beyond which they are told, too",
		Example: "100", at: func(s *Spec, _ bool) any { return &s.Alarms.MonthlyUSD },
	},
	{
		Name: "alarms.rollback", Kind: Truth, Doc: "a new version that sets off an alarm while it is rolled out is rolled back",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Alarms.Rollback },
	},
}
