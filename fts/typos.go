package fts

import "unicode/utf8"

// typos compares words with one that may have typing errors. It is for one goroutine.
type typos struct {
	want []rune
	most int
	rows [3][]int
}

func newTypos(want string, most int) *typos {
	t := &typos{want: []rune(want), most: most}
	for i := range t.rows {
		t.rows[i] = make([]int, len(t.want)+1)
	}
	return t
}

// distance returns how many letters have to be put in, left out, replaced or swapped with their neighbour to make one word of the
// other, or a number above the most that is asked for: the optimal string alignment distance.
func (t *typos) distance(got string) int {
	n := utf8.RuneCountInString(got)
	if n-len(t.want) > t.most || len(t.want)-n > t.most {
		return t.most + 1
	}
	before, prev, cur := t.rows[0], t.rows[1], t.rows[2]
	for j := range prev {
		prev[j] = j
	}
	i := 0
	var last rune
	for _, r := range got {
		i++
		cur[0] = i
		best := i
		for j, w := range t.want {
			d := prev[j]
			if r != w {
				d++
			}
			d = min(d, prev[j+1]+1, cur[j]+1)
			if i > 1 && j > 0 && r == t.want[j-1] && last == w {
				d = min(d, before[j-1]+1)
			}
			cur[j+1] = d
			best = min(best, d)
		}
		if best > t.most {
			return t.most + 1
		}
		last = r
		before, prev, cur = prev, cur, before
	}
	return prev[len(t.want)]
}

// firstLetter returns the part of a word that typing errors are not looked for in, so that only a part of a dictionary is read.
func firstLetter(word string) string {
	_, n := utf8.DecodeRuneInString(word)
	return word[:n]
}
