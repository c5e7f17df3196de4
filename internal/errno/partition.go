package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes of partitioning.
var (
	PartitionNeedsValues    = code(1479, "HY000", base.KindInvalid) // RANGE without VALUES LESS THAN
	PartitionWrongValues    = code(1480, "HY000", base.KindInvalid)
	PartitionMaxValue       = code(1481, "HY000", base.KindInvalid)
	PartitionWrongExpr      = code(1486, "HY000", base.KindInvalid) // constant or dependent on the time zone
	PartitionNotConstant    = code(1487, "HY000", base.KindInvalid) // a value that names a column
	PartitionFieldMissing   = code(1488, "HY000", base.KindInvalid)
	PartitionFuncType       = code(1491, "HY000", base.KindInvalid) // the expression is no integer
	PartitionsMustBeDefined = code(1492, "HY000", base.KindInvalid)
	PartitionNotIncreasing  = code(1493, "HY000", base.KindInvalid)
	PartitionMultipleConst  = code(1495, "HY000", base.KindInvalid)
	TooManyPartitions       = code(1499, "HY000", base.KindInvalid)
	PartitionBlob           = code(1502, "HY000", base.KindInvalid)
	PartitionUniqueKey      = code(1503, "HY000", base.KindInvalid) // a key without the partition columns
	NoParts                 = code(1504, "HY000", base.KindInvalid)
	PartitionManagement     = code(1505, "HY000", base.KindInvalid) // of a table without partitions
	PartitionForeignKey     = code(1506, "HY000", base.KindInvalid)
	PartitionListError      = code(1507, "HY000", base.KindInvalid) // an unknown name in a list of partitions
	DropLastPartition       = code(1508, "HY000", base.KindInvalid)
	CoalesceOnlyHash        = code(1509, "HY000", base.KindInvalid)
	ReorgHashSameNumber     = code(1510, "HY000", base.KindInvalid)
	ReorgNoParam            = code(1511, "HY000", base.KindInvalid)
	OnlyRangeList           = code(1512, "HY000", base.KindInvalid)
	AddNoPartition          = code(1514, "HY000", base.KindInvalid)
	CoalesceNoPartition     = code(1515, "HY000", base.KindInvalid)
	ReorgNotExist           = code(1516, "HY000", base.KindInvalid)
	SamePartitionName       = code(1517, "HY000", base.KindInvalid)
	ReorgNotConsecutive     = code(1519, "HY000", base.KindInvalid)
	ReorgOutsideRange       = code(1520, "HY000", base.KindInvalid)
	PartitionTemporary      = code(1562, "HY000", base.KindInvalid)
	PartitionConstDomain    = code(1563, "HY000", base.KindInvalid) // a negative value for an unsigned expression
	PartitionFuncForbidden  = code(1564, "HY000", base.KindInvalid)
	PartitionNullLess       = code(1566, "HY000", base.KindInvalid)
	PartitionSameField      = code(1652, "HY000", base.KindInvalid)
	PartitionColumnList     = code(1653, "HY000", base.KindInvalid)
	PartitionValueType      = code(1654, "HY000", base.KindInvalid)
	PartitionTooManyFields  = code(1655, "HY000", base.KindInvalid)
	PartitionTooManyValues  = code(1657, "HY000", base.KindInvalid)
	WrongPartitionName      = code(1567, "HY000", base.KindInvalid)
	PartitionFieldType      = code(1659, "HY000", base.KindInvalid)
	PartitionNotInt         = code(1697, "HY000", base.KindInvalid)
	ExchangePartTable       = code(1732, "HY000", base.KindInvalid)
	ExchangeTempTable       = code(1733, "HY000", base.KindInvalid)
	UnknownPartition        = code(1735, "HY000", base.KindInvalid)
	ExchangeMetadata        = code(1736, "HY000", base.KindInvalid)
	ExchangeRowMismatch     = code(1737, "HY000", base.KindInvalid)
	ExchangeForeignKey      = code(1740, "HY000", base.KindInvalid)
	PartitionDependency     = code(3855, "HY000", base.KindInvalid) // a column that the partitioning needs
)
