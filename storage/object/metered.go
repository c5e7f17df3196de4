package object

import (
	"context"
	"iter"
	"strings"
)

// dataFolder is where the objects of a table lie, in a folder named by the id that its rows are stored under.
const dataFolder = "data/"

// Metered returns store with every request counted by observer, the tries that middlewares beneath it make included. Requests for the
// objects of a table are tagged with it, and sent only if the guard of their context allows it.
func Metered(store Store, observer Observer) Store { return &metered{store, observer} }

type metered struct {
	store    Store
	observer Observer
}

// begin returns the context of a request, or the error of its guard.
func (m *metered) begin(ctx context.Context, c Command, key string) (context.Context, error) {
	a := accountOf(ctx)
	table := ""
	if rest, ok := strings.CutPrefix(key, dataFolder); ok {
		id, _, _ := strings.Cut(rest, "/")
		table = "#" + id
		if a.guard != nil {
			if err := a.guard.Allow(c); err != nil {
				return nil, err
			}
		}
	}
	if table == "" || table == a.tag.Table {
		return WithObserver(ctx, m.observer), nil
	}
	a.tag.Table = table
	return WithObserver(context.WithValue(ctx, accountKey{}, &a), m.observer), nil
}

var (
	_ Store     = (*metered)(nil)
	_ Multipart = (*metered)(nil)
)

func (m *metered) Get(ctx context.Context, key string) (Object, error) {
	ctx, err := m.begin(ctx, GetObject, key)
	if err != nil {
		return Object{}, err
	}
	return m.store.Get(ctx, key)
}

func (m *metered) GetRange(ctx context.Context, key string, offset, length int64) (Object, error) {
	ctx, err := m.begin(ctx, GetObject, key)
	if err != nil {
		return Object{}, err
	}
	return m.store.GetRange(ctx, key, offset, length)
}

func (m *metered) Put(ctx context.Context, key string, data []byte) (string, error) {
	ctx, err := m.begin(ctx, PutObject, key)
	if err != nil {
		return "", err
	}
	return m.store.Put(ctx, key, data)
}

func (m *metered) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	ctx, err := m.begin(ctx, PutObject, key)
	if err != nil {
		return "", err
	}
	return m.store.PutIfAbsent(ctx, key, data)
}

func (m *metered) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	ctx, err := m.begin(ctx, PutObject, key)
	if err != nil {
		return "", err
	}
	return m.store.PutIfMatch(ctx, key, etag, data)
}

func (m *metered) List(ctx context.Context, prefix, startAfter string) iter.Seq2[Info, error] {
	return m.store.List(WithObserver(ctx, m.observer), prefix, startAfter)
}

func (m *metered) Delete(ctx context.Context, keys ...string) error {
	key := ""
	if len(keys) > 0 {
		key = keys[0]
	}
	ctx, err := m.begin(ctx, DeleteObjects, key)
	if err != nil {
		return err
	}
	return m.store.Delete(ctx, keys...)
}

func (m *metered) CreateUpload(ctx context.Context, key string) (string, error) {
	ctx, err := m.begin(ctx, CreateMultipartUpload, key)
	if err != nil {
		return "", err
	}
	return MultipartOf(m.store).CreateUpload(ctx, key)
}

func (m *metered) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	ctx, err := m.begin(ctx, UploadPart, key)
	if err != nil {
		return "", err
	}
	return MultipartOf(m.store).UploadPart(ctx, key, id, number, data)
}

func (m *metered) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	ctx, err := m.begin(ctx, CompleteMultipartUpload, key)
	if err != nil {
		return "", err
	}
	return MultipartOf(m.store).CompleteUpload(ctx, key, id, tags)
}

func (m *metered) AbortUpload(ctx context.Context, key, id string) error {
	ctx, err := m.begin(ctx, AbortMultipartUpload, key)
	if err != nil {
		return err
	}
	return MultipartOf(m.store).AbortUpload(ctx, key, id)
}
