package event

// BudgetExceeded says that more was spent than a BUDGET allows, once in its period.
type BudgetExceeded struct {
	Budget   string  `json:"budget"`
	LimitUSD float64 `json:"limit_usd"`
	SpentUSD float64 `json:"spent_usd"`
}

// Type is "budget_exceeded".
func (BudgetExceeded) Type() string { return "budget_exceeded" }

// Table is "".
func (BudgetExceeded) Table() string { return "" }
