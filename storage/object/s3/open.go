package s3

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Timeouts of the transport. What a whole request may take is up to the caller's context.
const (
	dialTimeout      = 4 * time.Second // in which a lost SYN is sent again twice
	handshakeTimeout = 10 * time.Second
	headerTimeout    = 30 * time.Second // from the end of the request to the first byte of the reply
	stallTimeout     = 30 * time.Second // between two bytes of the reply
	idleTimeout      = 90 * time.Second
	connectionsIdle  = 256 // kept open for the next requests
)

// Store is one prefix of a bucket. It is safe for concurrent use.
type Store struct {
	client *s3.Client
	cfg    Config
	prefix string
}

// Open returns a store on the bucket. It sends no request to the bucket, which may well not exist.
//
// ctx bounds the reading of the AWS configuration. Close frees the connections.
//
// Errors: CodeConfig.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	transport := newTransport()
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(transport), config.WithRetryMaxAttempts(1),
		config.WithLogger(logging.Nop{})} // whose text would go to standard error
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	if cfg.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(cfg.Profile))
	}
	if cfg.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, cfg.SessionToken)))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, configError(err, cfg)
	}
	if loaded.Region == "" {
		if cfg.Endpoint == "" {
			return nil, base.Errorf(errno.Config, "the region of bucket %q is missing: set it, or AWS_REGION", cfg.Bucket)
		}
		loaded.Region = "us-east-1"
	}
	loaded.Credentials = namedProvider{loaded.Credentials}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
		o.UsePathStyle = cfg.PathStyle
		// Many services refuse the checksum trailers that the SDK sends by default.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		// Retries are the business of the middleware above, which knows what must not be sent twice.
		o.Retryer = aws.NopRetryer{}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return &Store{client: client, cfg: cfg, prefix: cfg.prefix()}, nil
}

// Close frees the idle connections. The store must not be used any more.
func (s *Store) Close() error {
	type closer interface{ CloseIdleConnections() }
	if c, ok := s.client.Options().HTTPClient.(closer); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// String tells where the objects are.
func (s *Store) String() string { return s.cfg.String() }

func newTransport() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = connectionsIdle
			t.MaxIdleConnsPerHost = connectionsIdle
			t.IdleConnTimeout = idleTimeout
			t.TLSHandshakeTimeout = handshakeTimeout
			t.ResponseHeaderTimeout = headerTimeout
			t.DisableCompression = true
		}).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithReadTimeout(stallTimeout)
}

func configError(err error, cfg Config) error {
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return base.Errorf(errno.Config, "profile %q is not in the AWS configuration files", cfg.Profile)
	}
	e := base.Errorf(errno.Config, "the AWS configuration cannot be read")
	e.Err = err
	return e
}

// namedProvider marks what goes wrong with credentials, so that it can be told from what goes wrong with the bucket.
type namedProvider struct{ aws.CredentialsProvider }

// Retrieve asks the provider.
func (p namedProvider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.CredentialsProvider == nil {
		return aws.Credentials{}, errNoCredentials
	}
	c, err := p.CredentialsProvider.Retrieve(ctx)
	if err == nil && !c.HasKeys() {
		err = errNoCredentials
	}
	if err != nil {
		return c, &credentialsError{err}
	}
	return c, nil
}

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "no credentials" }
func (e *credentialsError) Unwrap() error { return e.err }

var errNoCredentials = errors.New("no credentials")
