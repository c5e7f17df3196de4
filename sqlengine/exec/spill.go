package exec

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"syscall"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

const (
	// spillRows is the most rows of a block; one block a run or a partition is in memory at a time.
	spillRows = 256
	// spillFloor is what an operator may hold however little the others have left of the limit.
	spillFloor = 16 << 10
)

// spillFile holds rows of one operator that do not fit into memory, in blocks one behind the other. Its name is gone as soon
// as the platform allows, so that nothing stays behind whatever becomes of the process.
type spillFile struct {
	ec       *Context
	f        *os.File
	unlinked bool
	size     int64
	buf      []byte
}

// blockRef is where a block lies.
type blockRef struct {
	at   int64
	size int32
}

// newSpill makes a temporary file.
//
// Errors: 1004, 1021.
func (ec *Context) newSpill() (*spillFile, error) {
	dir := ec.TempDir
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.CreateTemp(dir, "s3sql-spill-*")
	if err != nil {
		e := base.Errorf(errno.CantCreateFile, "Can't create a temporary file in '%s'", dir)
		e.Err = err
		return nil, e
	}
	return &spillFile{ec: ec, f: f, unlinked: os.Remove(f.Name()) == nil}, nil
}

// close removes the file.
func (s *spillFile) close() error {
	if s == nil || s.f == nil {
		return nil
	}
	err := s.f.Close()
	if !s.unlinked {
		err = errors.Join(err, os.Remove(s.f.Name()))
	}
	s.f = nil
	return err
}

// blockHead is the length of a block's head: the length and the checksum of what follows.
const blockHead = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write appends a block of the rows of cols.
//
// Errors: 1021 when the disk is full, 1026; ctx.Err().
func (s *spillFile) write(cols []*vec.Vector, rows []int32) (blockRef, error) {
	if err := s.ec.Ctx.Err(); err != nil {
		return blockRef{}, err
	}
	s.buf = append(s.buf[:0], make([]byte, blockHead)...)
	s.buf = appendBlock(s.buf, cols, rows)
	body := s.buf[blockHead:]
	binary.LittleEndian.PutUint32(s.buf, uint32(len(body)))
	binary.LittleEndian.PutUint32(s.buf[4:], crc32.Checksum(body, castagnoli))
	ref := blockRef{s.size, int32(len(s.buf))}
	if _, err := s.f.WriteAt(s.buf, s.size); err != nil {
		code := errno.ErrorOnWrite
		if errors.Is(err, syscall.ENOSPC) {
			code = errno.DiskFull
		}
		e := base.Errorf(code, "Error writing file '%s'", s.f.Name())
		e.Err = err
		return ref, e
	}
	s.size += int64(len(s.buf))
	return ref, nil
}

// writeAll appends rows in as many blocks as they need.
func (s *spillFile) writeAll(refs []blockRef, cols []*vec.Vector, rows []int32) ([]blockRef, error) {
	for len(rows) > 0 {
		n := min(len(rows), spillRows)
		ref, err := s.write(cols, rows[:n])
		if err != nil {
			return refs, err
		}
		refs, rows = append(refs, ref), rows[n:]
	}
	return refs, nil
}

// read returns the columns of a block.
//
// Errors: 1024; Corrupt; ctx.Err().
func (s *spillFile) read(ref blockRef) ([]*vec.Vector, error) {
	if err := s.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	buf := make([]byte, ref.size)
	if _, err := s.f.ReadAt(buf, ref.at); err != nil && !errors.Is(err, io.EOF) {
		e := base.Errorf(errno.ErrorOnRead, "Error reading file '%s'", s.f.Name())
		e.Err = err
		return nil, e
	}
	body := buf[blockHead:]
	if int(binary.LittleEndian.Uint32(buf)) != len(body) || binary.LittleEndian.Uint32(buf[4:]) != crc32.Checksum(body, castagnoli) {
		return nil, base.Corruptf(s.f.Name(), "the block at offset %d of a temporary file is damaged", ref.at)
	}
	cols, ok := decodeBlock(body)
	if !ok {
		return nil, base.Corruptf(s.f.Name(), "the block at offset %d of a temporary file does not decode", ref.at)
	}
	return cols, nil
}
