package catalog

import (
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func TestCreateSQL(t *testing.T) {
	t.Parallel()
	tab := sample()
	tab.Collation = ""
	want := "CREATE TABLE `Orders` (\n" +
		"  `id` bigint unsigned NOT NULL AUTO_INCREMENT,\n" +
		"  `total` decimal(10,2) DEFAULT '0.00' COMMENT 'net',\n" +
		"  `state` enum('new','it''s') COLLATE utf8mb4_0900_ai_ci DEFAULT (CONCAT('n', 'ew')) ON UPDATE CURRENT_TIMESTAMP /*!80023 INVISIBLE */,\n" +
		"  PRIMARY KEY (`id`),\n" +
		"  UNIQUE KEY `by_total` (`total` DESC,`state`(4))\n" +
		") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin COMMENT='all of them'"
	if got := CreateSQL(tab, 7); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTypeSQL(t *testing.T) {
	t.Parallel()
	for want, typ := range map[string]base.Type{
		"tinyint(1)":      {ID: base.TypeTinyInt, Bool: true},
		"int unsigned":    {ID: base.TypeInt, Unsigned: true},
		"varchar(20)":     {ID: base.TypeVarchar, Length: 20},
		"datetime(6)":     {ID: base.TypeDateTime, Scale: 6},
		"datetime":        {ID: base.TypeDateTime},
		"bit(8)":          {ID: base.TypeBit, Length: 8, Unsigned: true},
		"decimal(5,1)":    {ID: base.TypeDecimal, Precision: 5, Scale: 1},
		"set('a','b')":    {ID: base.TypeSet, Elems: []string{"a", "b"}},
		"varbinary(3)":    {ID: base.TypeVarbinary, Length: 3},
		"vector(4)":       {ID: base.TypeVector, Length: 4},
		"double unsigned": {ID: base.TypeDouble, Unsigned: true},
		"json":            {ID: base.TypeJSON},
	} {
		if got := TypeSQL(typ); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
