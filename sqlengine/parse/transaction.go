package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
)

func (p *parser) start() ast.Statement {
	p.i++
	p.expect("TRANSACTION")
	b := &ast.Begin{}
	for {
		switch {
		case p.accept("READ", "ONLY"):
			b.ReadOnly = true
		case p.accept("READ", "WRITE"):
			b.ReadWrite = true
		case p.accept("WITH", "CONSISTENT", "SNAPSHOT"):
			b.Snapshot = true
		case b.ReadOnly || b.ReadWrite || b.Snapshot:
			p.fail("expected READ ONLY, READ WRITE or WITH CONSISTENT SNAPSHOT")
		default:
			return b
		}
		if b.ReadOnly && b.ReadWrite {
			p.i--
			p.fail("READ ONLY and READ WRITE exclude each other")
		}
		if !p.acceptOp(",") {
			return b
		}
	}
}

// endTransaction reads COMMIT and ROLLBACK.
func (p *parser) endTransaction() ast.Statement {
	commit := p.is("COMMIT")
	p.i++
	p.accept("WORK")
	if !commit && p.accept("TO") {
		p.accept("SAVEPOINT")
		return &ast.Rollback{To: p.name("a savepoint")}
	}
	chain := false
	if p.accept("AND") {
		chain = !p.accept("NO")
		p.expect("CHAIN")
	}
	if p.accept("NO") {
		p.expect("RELEASE")
	} else if p.accept("RELEASE") {
		p.i--
		p.unsupported("RELEASE")
	}
	if commit {
		return &ast.Commit{Chain: chain}
	}
	return &ast.Rollback{Chain: chain}
}

// setTransaction reads what follows SET [scope] TRANSACTION.
func (p *parser) setTransaction(scope string) ast.Statement {
	s := &ast.SetTransaction{Scope: scope}
	for ok := true; ok; ok = p.acceptOp(",") {
		switch {
		case p.accept("ISOLATION", "LEVEL"):
			s.Isolation = p.isolation()
		case p.accept("READ", "ONLY"):
			s.Access = "READ ONLY"
		case p.accept("READ", "WRITE"):
			s.Access = "READ WRITE"
		default:
			p.fail("expected ISOLATION LEVEL, READ ONLY or READ WRITE")
		}
	}
	return s
}

func (p *parser) isolation() string {
	switch {
	case p.accept("READ", "UNCOMMITTED"):
		return "READ UNCOMMITTED"
	case p.accept("READ", "COMMITTED"):
		return "READ COMMITTED"
	case p.accept("REPEATABLE", "READ"):
		return "REPEATABLE READ"
	case p.accept("SERIALIZABLE"):
		return "SERIALIZABLE"
	}
	p.fail("expected READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ or SERIALIZABLE")
	return ""
}
