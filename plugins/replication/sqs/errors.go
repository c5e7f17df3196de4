package sqs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/s3sql/s3sql/plugins/replication"
)

// The codes of SQS that say what to do next, as code leaves them.
var (
	codesMissing = codes("QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently")
	codesDenied  = codes("AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
		"InvalidClientTokenId", "InvalidSecurity", "MissingAuthenticationToken", "NotAuthorized", "OptInRequired", "SignatureDoesNotMatch", "UnrecognizedClientException")
	codesKey     = codes("KmsAccessDenied", "KmsDisabled", "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired")
	codesMessage = codes("BatchRequestTooLong", "InvalidMessageContents", "InvalidParameterValue", "InvalidAttributeValue")
)

func codes(list ...string) map[string]bool {
	out := map[string]bool{}
	for _, c := range list {
		out[strings.ToLower(c)] = true
	}
	return out
}

// code is the code of an error without what services put before it, such as AWS.SimpleQueueService or KMS; "" of others.
func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return bare(api.ErrorCode())
}

func bare(s string) string {
	s = strings.ToLower(s)
	if kms, ok := strings.CutPrefix(s, "kms."); ok {
		s = "kms" + strings.TrimSuffix(strings.TrimSuffix(kms, "exception"), ".")
	}
	return s[strings.LastIndexAny(s, ".#")+1:]
}

// isAboutMessage reports whether a request was refused for something in one of its messages.
func isAboutMessage(err error) bool {
	return codesMessage[code(err)] && !wantsDedup(err.Error())
}

// explain makes of an error of the client one that names the queue, and says what to do.
//
// Errors: Permanent for a queue that is missing, for credentials and keys that are refused, and where a queue wants deduplication; others are to be tried again.
func explain(queue string, err error) error {
	c := code(err)
	var api smithy.APIError
	text := err.Error()
	if errors.As(err, &api) {
		text = api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if hint := permanentHint(c, text); hint != "" {
		return replication.Permanent(&failure{"SQS: queue " + queue + ": " + text + " (" + hint + ")", err})
	}
	return &failure{"SQS: queue " + queue + ": " + text, err}
}

// failure is an error of SQS as it is shown.
type failure struct {
	text string
	err  error
}

func (e *failure) Error() string { return e.text }
func (e *failure) Unwrap() error { return e.err }

// permanentHint says what to do about an error that stays; "": it may pass.
func permanentHint(code, text string) string {
	switch {
	case codesMissing[code]:
		return "make the queue; the replication makes none"
	case codesDenied[code]:
		return "look at the option credentials; sqs:SendMessage is needed on the queue"
	case codesKey[code]:
		return "the queue has a key of its own: kms:GenerateDataKey and kms:Decrypt are needed on it"
	case wantsDedup(text):
		return dedupHint
	}
	return ""
}

const dedupHint = "set deduplication = true, or ContentBasedDeduplication of the queue"

// wantsDedup reports whether a text says that a FIFO queue cannot tell messages apart.
func wantsDedup(text string) bool { return strings.Contains(text, "MessageDeduplicationId") }

func noDedup(queue string) error {
	return fmt.Errorf("SQS: queue %s has no ContentBasedDeduplication, and deduplication is off (%s)", queue, dedupHint)
}

// explainEntry is explain for a message that was not taken. refused says that it is the message's fault.
func explainEntry(queue string, f *types.BatchResultErrorEntry) (refused bool, err error) {
	err = explain(queue, &smithy.GenericAPIError{Code: aws.ToString(f.Code), Message: aws.ToString(f.Message)})
	busy := strings.Contains(bare(aws.ToString(f.Code)), "throttl")
	return f.SenderFault && !busy && !replication.IsPermanent(err), err
}
