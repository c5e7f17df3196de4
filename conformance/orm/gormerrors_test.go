package orm

import (
	"errors"
	"testing"

	gosql "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// translating is GORM's dialector with a Translate that looks for the error as errors.As does (docs/compatibility.md,
// "Object-relational mappers").
type translating struct{ *mysql.Dialector }

// Translate returns GORM's error for a MySQL one.
func (d translating) Translate(err error) error {
	var e *gosql.MySQLError
	if errors.As(err, &e) {
		return d.Dialector.Translate(e)
	}
	return err
}

// Owner has pets.
type Owner struct {
	ID    uint
	Email string `gorm:"size:50;uniqueIndex"`
	Pets  []Pet
}

// Pet belongs to an owner.
type Pet struct {
	ID      uint
	OwnerID uint
	Owner   *Owner `gorm:"constraint:OnDelete:RESTRICT"`
}

func TestGORMTranslatesErrors(t *testing.T) {
	inner := mysql.New(mysql.Config{DriverName: "s3sql", DSN: "mem://"}).(*mysql.Dialector)
	db, err := gorm.Open(translating{inner}, &gorm.Config{TranslateError: true, Logger: logger.Discard})
	must(t, err)
	pool, err := db.DB()
	must(t, err)
	defer func() { must(t, pool.Close()) }()
	must(t, db.AutoMigrate(&Owner{}, &Pet{}))
	must(t, db.AutoMigrate(&Owner{}, &Pet{})) // the migrator finds its way through the wrapper
	must(t, db.Create(&Owner{ID: 1, Email: "a", Pets: []Pet{{ID: 1}}}).Error)
	if err := db.Create(&Owner{ID: 2, Email: "a"}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("a second owner of the same address: %v", err)
	}
	if err := db.Create(&Pet{OwnerID: 9}).Error; !errors.Is(err, gorm.ErrForeignKeyViolated) {
		t.Errorf("a pet of nobody: %v", err)
	}
	if err := db.Delete(&Owner{ID: 1}).Error; !errors.Is(err, gorm.ErrForeignKeyViolated) {
		t.Errorf("an owner who leaves a pet: %v", err)
	}
	if err := db.First(&Owner{}, 77).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("an owner who is not there: %v", err)
	}
}
