// Package s3 keeps objects in a bucket of Amazon S3, or of another service that speaks its protocol.
package s3

import (
	"net/url"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// Config says where a bucket is and how to reach it. Only Bucket is required.
type Config struct {
	Bucket string
	// Prefix is put before every key, with a '/' between.
	Prefix string
	// Region is that of the bucket. Empty: what the environment and the profile say, and us-east-1 with an Endpoint.
	Region string
	// Endpoint is the URL of a service other than Amazon's, such as http://127.0.0.1:7070. Empty: what the environment
	// and the profile say, else Amazon's.
	Endpoint string
	// PathStyle addresses the bucket in the path instead of the host name, as most services other than Amazon's want it.
	PathStyle bool

	// AccessKey and SecretKey, with SessionToken for temporary ones, are credentials that do not change. Without them the
	// default chain of the AWS SDK is asked (environment, profile, SSO, web identity, container, instance), again each
	// time they expire.
	AccessKey, SecretKey, SessionToken string
	// Profile is the one to take from the shared configuration files. Empty: AWS_PROFILE, else "default".
	Profile string

	// SSE is the encryption at rest to ask for: empty (the bucket's default), AES256, aws:kms or aws:kms:dsse.
	SSE string
	// KMSKeyID is the key for aws:kms and aws:kms:dsse. Empty: the account's default key.
	KMSKeyID string
}

// Validate checks what can be checked without a request. Errors: CodeConfig.
func (c Config) Validate() error {
	switch {
	case c.Bucket == "":
		return base.Errorf(errno.Config, "the name of the bucket is missing")
	case strings.ContainsAny(c.Bucket, "/ \t\n\r?#\\") || len(c.Bucket) > 255:
		return base.Errorf(errno.Config, "%.60q is not the name of a bucket", c.Bucket)
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return base.Errorf(errno.Config, "access key and secret key go together: one of them is missing")
	case c.SessionToken != "" && c.AccessKey == "":
		return base.Errorf(errno.Config, "a session token needs the access key and the secret key it belongs to")
	case c.AccessKey != "" && c.Profile != "":
		return base.Errorf(errno.Config, "credentials are given twice: as an access key and by profile %q", c.Profile)
	case c.SSE != "" && c.SSE != "AES256" && c.SSE != "aws:kms" && c.SSE != "aws:kms:dsse":
		return base.Errorf(errno.Config, "server-side encryption %q is not one of AES256, aws:kms, aws:kms:dsse", c.SSE)
	case c.KMSKeyID != "" && !strings.HasPrefix(c.SSE, "aws:kms"):
		return base.Errorf(errno.Config, "a KMS key needs server-side encryption aws:kms or aws:kms:dsse")
	}
	if prefix := c.prefix(); prefix != "" {
		if err := object.CheckKey(object.OpPut, strings.TrimSuffix(prefix, "/")); err != nil {
			return base.Errorf(errno.Config, "%.60q is not a prefix: use A-Z a-z 0-9 . _ - with single slashes between", c.Prefix)
		}
	}
	return c.checkEndpoint()
}

func (c Config) checkEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return base.Errorf(errno.Config, "the endpoint is not a URL such as https://s3.example.com")
	case u.User != nil:
		return base.Errorf(errno.Config, "the endpoint has a user name in it: credentials have settings of their own")
	case u.RawQuery != "" || u.Fragment != "":
		return base.Errorf(errno.Config, "the endpoint has a query or a fragment in it")
	}
	return nil
}

// prefix returns Prefix as it is put before keys: empty, or ending in one slash.
func (c Config) prefix() string {
	p := strings.Trim(c.Prefix, "/")
	if p == "" {
		return ""
	}
	return p + "/"
}

// String tells where the objects are, without the credentials.
func (c Config) String() string {
	s := "s3://" + c.Bucket + "/" + c.prefix()
	if c.Endpoint != "" {
		s += " at " + c.Endpoint
	}
	return s
}

// GoString is String, so that %#v does not print credentials either.
func (c Config) GoString() string { return c.String() }
