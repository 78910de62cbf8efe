// Package access holds the kinds that say who may do what: the roles of an app's tasks and those that AWS's own services
// act with.
package access
