package replication

import (
	"fmt"
	"strings"
)

// Pair is a name with a value.
type Pair struct{ Name, Value string }

// Pairs reads an option such as 'users=url,orders=url'. Names and values lose the spaces around them; a value has no comma in it. Names
// differ, in other than the case of their letters.
//
// Errors: what is wrong with which part; they have no value in them, which may be secret.
func Pairs(option, text string) ([]Pair, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var out []Pair
	for i, part := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		p := Pair{strings.TrimSpace(name), strings.TrimSpace(value)}
		switch {
		case !ok || p.Name == "":
			return nil, fmt.Errorf("the option %s is not valid at part %d: it has to be 'name=value,name=value', and values have no comma in them", option, i+1)
		case p.Value == "":
			return nil, fmt.Errorf("the option %s gives %s no value", option, p.Name)
		}
		for _, other := range out {
			if strings.EqualFold(other.Name, p.Name) {
				return nil, fmt.Errorf("the option %s names %s twice", option, p.Name)
			}
		}
		out = append(out, p)
	}
	return out, nil
}
