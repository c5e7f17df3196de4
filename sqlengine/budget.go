package sqlengine

import "github.com/s3sql/s3sql/plugins"

// budgetKind is CREATE BUDGET: what requests may cost.
var budgetKind = objectKind{name: "BUDGET", options: []plugins.Option{
	{Name: "limit_usd", Type: plugins.Float, Required: true, Min: 0, Max: 1e9},
	{Name: "period", Default: "month", Values: []string{"hour", "day", "week", "month", "total"}},
	{Name: "scope", Default: "database", Values: []string{"database", "session", "statement"}},
	{Name: "action", Default: "warn", Values: []string{"warn", "reject"}},
}}
