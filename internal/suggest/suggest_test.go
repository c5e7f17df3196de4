package suggest

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"users", "orders", "id", "name", "consistency"}
	for name, want := range map[string]string{
		"user": "users", "USERS": "users", "ordres": "orders", "nme": "name", "consistancy": "consistency", "consistncy": "consistency",
		"zebra": "", "": "id", "something else": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	if got := Nearest("ab", []string{"ac", "aa"}); got != "aa" {
		t.Errorf("of equals %q", got)
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("of nothing %q", got)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := distance(c.a, c.b, 10); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a, 10); got != c.want {
			t.Errorf("distance is not symmetric for %q, %q", c.a, c.b)
		}
	}
}
