package target

// Tunnel asks for a way from this machine through a task that runs to what only tasks reach.
type Tunnel struct {
	Process string // through a task of which process; empty: the app's own
	Task    string // the beginning of its id; empty: the newest
	// To is a host and port that a task of the app reaches; empty: the app's database.
	To string
	// Local is the port of this machine; 0: one that is free.
	Local int
	// Doing says what goes on, such as that something is waited for.
	Doing func(text string)
}

// Way is a way through a task, not yet open.
type Way struct {
	Region string `json:"region"`
	Task   string `json:"task"`
	Host   string `json:"host"`
	Port   int    `json:"port"`
	Local  int    `json:"local_port"`
	// Target is the container as AWS Systems Manager calls it, such as ecs:CLUSTER_TASK_RUNTIME.
	Target string `json:"target"`

	// What the database is and who signs in, empty for anything else.
	Engine string `json:"engine,omitempty"`
	User   string `json:"user,omitempty"`
	Name   string `json:"name,omitempty"`
	// Password is the name of the parameter that holds the password.
	Password string `json:"password_parameter,omitempty"`
}
