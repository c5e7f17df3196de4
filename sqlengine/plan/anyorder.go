package plan

// anyOrder tells the scans below an aggregation that nobody sees in which order they read: neither its functions nor what is in
// between do.
func anyOrder(a *Aggregate) {
	for i := range a.Aggs {
		switch a.Aggs[i].Name() {
		case "COUNT", "SUM", "AVG", "MIN", "MAX", "BIT_AND", "BIT_OR", "BIT_XOR", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE",
			"VAR_POP", "VAR_SAMP":
		default:
			return
		}
		if anyVolatile(a.Aggs[i].Children()) {
			return
		}
	}
	if !anyVolatile(a.Keys) {
		anyOrderBelow(a.Input)
	}
}

func anyOrderBelow(n Node) {
	switch n := n.(type) {
	case *Scan:
		n.AnyOrder = n.Limit == nil && !n.Reverse && n.Access.Index == nil && (n.Parts == nil || n.Parts.Order == nil)
	case *Filter:
		if !volatile(n.Pred) {
			anyOrderBelow(n.Input)
		}
	case *Project:
		if !anyVolatile(n.Exprs) {
			anyOrderBelow(n.Input)
		}
	case *Join:
		anyOrderBelow(n.Left)
		anyOrderBelow(n.Right)
	}
}
