// Package relevance checks what full-text searches find in texts that people have written, against judgements made by reading them.
//
// The texts are those of Debian packages, which are downloaded and unpacked, not installed: the Free On-line Dictionary of Computing
// (dict-foldoc) and collections of sayings (fortunes-de, -es, -it, -br, -ru).
package relevance
