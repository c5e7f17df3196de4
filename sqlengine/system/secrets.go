package system

import (
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Secret is a row of system.secrets.
type Secret struct {
	Name    string
	Created time.Time
}

type secretSource interface {
	Secrets() ([]Secret, error)
}

// Secrets is system.secrets: the names of the secrets, never what they hold.
func Secrets() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "secrets", Current: true, Columns: columnsOf("name", "s", "created_at", "t"),
		Source: sourced(func(src secretSource) (out [][]base.Value, err error) {
			list, err := src.Secrets()
			for _, s := range list {
				out = append(out, []base.Value{base.NewString(s.Name), base.NewDateTime(s.Created.UnixMicro())})
			}
			return out, err
		})}
}
