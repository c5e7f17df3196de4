package sqlengine

import (
	"os"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// secretKind is CREATE SECRET name AS '…': a text under a name, that the options of other objects refer to and nobody is shown.
var secretKind = objectKind{name: "SECRET", clauses: asText}

// sealSecret seals a secret of the object with an id, for the catalog.
//
// Errors: 3185 (there is no secret key).
func (e *Engine) sealSecret(id uint32, value string) ([]byte, error) {
	if e.key == nil {
		return nil, base.Errorf(errno.NoKey, "a secret is sealed before it is stored: open the database with the DSN parameter secret_key, or write 'env:NAME' for a variable of the environment")
	}
	sealed, err := e.key.Seal(id, 0, []byte(value))
	return []byte(sealed), err
}

// reveal returns the value of a setting of o that may be a secret.
//
// Errors: 3185 (no secret key, or another one), 3162-class (there is no such SECRET), 1210 (the environment has no such variable).
func (e *Engine) reveal(cat *catalog.Catalog, o *catalog.Object, s catalog.ObjectSetting) (string, error) {
	if s.Secret != "" {
		of := cat.Object(secretKind.name, s.Secret)
		if of == nil {
			return "", noObject(cat, secretKind.name, s.Secret)
		}
		return e.reveal(cat, of, of.Text)
	}
	if s.Sealed != nil {
		if e.key == nil {
			return "", base.Errorf(errno.NoKey, "%s has a secret: open the database with the DSN parameter secret_key", what(o.Kind, o.Name))
		}
		plain, err := e.key.Open(o.ID, 0, string(s.Sealed))
		if err != nil {
			return "", base.Errorf(errno.NoKey, "the secret of %s does not open: the DSN parameter secret_key is another one than when it was made (id %s now)", what(o.Kind, o.Name), e.key.ID())
		}
		return string(plain), nil
	}
	name, ok := strings.CutPrefix(s.Value, "env:")
	if !ok {
		return s.Value, nil
	}
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", base.Errorf(errno.WrongArguments, "%s refers to the environment variable %s, which is not set", what(o.Kind, o.Name), name)
	}
	return value, nil
}
