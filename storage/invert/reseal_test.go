package invert

import "encoding/binary"

// reseal makes the checksum of a file's tail right again, and where the tail can be read those of the pages, so that what is read
// is not protected by them.
func reseal(data []byte, tail int) []byte {
	if tail < footerBytes || tail > len(data) {
		return data
	}
	t := data[len(data)-tail:]
	body := t[:tail-footerBytes]
	r := reader{b: body}
	docs := r.count(1 << 16)
	r.uvarint()
	r.uvarint()
	end := int(r.uvarint())
	if head := r.bytes(2); !r.bad && end == len(data)-tail {
		for range int(head[0]) {
			r.uvarint()
			r.uvarint()
		}
		r.bytes(int(head[0]) * lengthBlocks(docs))
		for at := 0; at < end && len(r.b) >= 4; at += PageBytes {
			binary.LittleEndian.PutUint32(r.bytes(4), sum(data[at:min(at+PageBytes, end)]))
		}
	}
	foot := t[tail-footerBytes:]
	binary.LittleEndian.PutUint32(foot, uint32(len(body)))
	binary.LittleEndian.PutUint32(foot[4:], sum(t[:tail-footerBytes+4]))
	copy(foot[8:], magic)
	return data
}
