package s3_test

import (
	"testing"

	"github.com/s3sql/s3sql/conformance/storetest"
	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/storage/object"
)

func TestContract(t *testing.T) {
	t.Parallel()
	srv := testenv.S3(t)
	storetest.Run(t, func(t *testing.T) object.Store {
		cfg := srv.Config(t)
		cfg.Prefix = "some/db"
		return srv.Open(t, cfg)
	})
}
