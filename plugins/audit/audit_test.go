package audit

import (
	"context"
	"testing"
	"unicode/utf8"
)

// TestHash has the example of docs/format/audit.md: sha256("0:1:72:fr-").
func TestHash(t *testing.T) {
	t.Parallel()
	id, text := "7", "fr"
	got := Hash("", []*string{&id, &text, nil})
	const want = "3e11d1c69814edf99ce1b8812182f671db28b90f51eef5a1c243a01e6a501af4"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	empty := ""
	seen := map[string]bool{}
	for _, columns := range [][]*string{nil, {nil}, {&empty}, {&id}, {&id, nil}, {nil, &id}, {&id, &text}} {
		h := Hash(want, columns)
		if seen[h] || len(h) != 64 {
			t.Errorf("%v: %s", columns, h)
		}
		seen[h] = true
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	ctx := WithMetadata(WithUser(context.Background(), "ann"), map[string]any{"a": 1, "b": 2})
	inner := WithUser(WithMetadata(ctx, map[string]any{"b": 3}), "bob")
	if id := IdentityOf(inner); id.User != "bob" || id.Metadata["a"] != 1 || id.Metadata["b"] != 3 {
		t.Errorf("%+v", id)
	}
	if id := IdentityOf(ctx); id.User != "ann" || id.Metadata["b"] != 2 {
		t.Errorf("the outer one has changed: %+v", id)
	}
	if id := IdentityOf(context.Background()); id.User != "" || id.Metadata != nil {
		t.Errorf("%+v", id)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("añb", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = limit%100 + 3
		if limit < 3 || !utf8.ValidString(text) {
			return
		}
		got, cut := Cut(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || !cut && got != text {
			t.Errorf("%q in %d is %q", text, limit, got)
		}
	})
}
