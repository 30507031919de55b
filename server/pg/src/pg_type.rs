//! PostgreSQL's types and how Arrow's map to them.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

macro_rules! scalars {
    ($($(#[$doc:meta])* $variant:ident = $oid:literal, $array:literal, $size:literal, $name:literal;)*) => {
        /// A type that is not an array.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Scalar { $($variant),* }

        impl Scalar {
            const ALL: &'static [Scalar] = &[$(Scalar::$variant),*];

            pub(crate) fn oid(self) -> u32 {
                match self { $(Scalar::$variant => $oid),* }
            }

            fn array_oid(self) -> u32 {
                match self { $(Scalar::$variant => $array),* }
            }

            /// Bytes of a value, -1 when they vary.
            fn size(self) -> i16 {
                match self { $(Scalar::$variant => $size),* }
            }

            /// The name as PostgreSQL's messages spell it.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Scalar::$variant => $name),* }
            }
        }
    };
}

scalars! {
    Bool = 16, 1000, 1, "boolean";
    Bytea = 17, 1001, -1, "bytea";
    Char = 18, 1002, 1, "\"char\"";
    Name = 19, 1003, 64, "name";
    Int8 = 20, 1016, 8, "bigint";
    Int2 = 21, 1005, 2, "smallint";
    Int4 = 23, 1007, 4, "integer";
    Text = 25, 1009, -1, "text";
    Oid = 26, 1028, 4, "oid";
    Json = 114, 199, -1, "json";
    Float4 = 700, 1021, 4, "real";
    Float8 = 701, 1022, 8, "double precision";
    Unknown = 705, 1009, -2, "unknown";
    Bpchar = 1042, 1014, -1, "character";
    Varchar = 1043, 1015, -1, "character varying";
    Date = 1082, 1182, 4, "date";
    Time = 1083, 1183, 8, "time without time zone";
    Timestamp = 1114, 1115, 8, "timestamp without time zone";
    Timestamptz = 1184, 1185, 8, "timestamp with time zone";
    Interval = 1186, 1187, 16, "interval";
    Numeric = 1700, 1231, -1, "numeric";
    Uuid = 2950, 2951, 16, "uuid";
    Jsonb = 3802, 3807, -1, "jsonb";
}

/// A type with its modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PgType {
    pub(crate) scalar: Scalar,
    pub(crate) array: bool,
    /// As in RowDescription: -1 for none.
    pub(crate) modifier: i32,
}

/// The key of a field's metadata that names a PostgreSQL type (`varchar(10)`, `json`).
pub(crate) const TYPE_KEY: &str = "summit.type";

impl PgType {
    pub(crate) const fn scalar(scalar: Scalar) -> Self {
        PgType {
            scalar,
            array: false,
            modifier: -1,
        }
    }

    pub(crate) fn oid(self) -> u32 {
        if self.array {
            self.scalar.array_oid()
        } else {
            self.scalar.oid()
        }
    }

    pub(crate) fn size(self) -> i16 {
        if self.array { -1 } else { self.scalar.size() }
    }

    /// The type of an OID; `None` when it is not one of ours.
    pub(crate) fn of_oid(oid: u32) -> Option<PgType> {
        Scalar::ALL.iter().find_map(|&scalar| {
            if scalar.oid() == oid {
                Some(PgType::scalar(scalar))
            } else if scalar.array_oid() == oid && scalar != Scalar::Unknown {
                Some(PgType {
                    scalar,
                    array: true,
                    modifier: -1,
                })
            } else {
                None
            }
        })
    }

    /// The type of a column: what its metadata says, or what its Arrow type suggests.
    pub(crate) fn of_field(field: &Field) -> PgType {
        let natural = PgType::of_arrow(field.data_type());
        match field
            .metadata()
            .get(TYPE_KEY)
            .and_then(|name| PgType::named(name))
        {
            // the name must fit the representation, or the client could not read the bytes
            Some(named)
                if named.array == natural.array && same_bytes(named.scalar, natural.scalar) =>
            {
                named
            }
            _ => natural,
        }
    }

    /// The type that stands for an Arrow type.
    pub(crate) fn of_arrow(data_type: &DataType) -> PgType {
        let scalar = match data_type {
            DataType::Boolean => Scalar::Bool,
            DataType::Int8 | DataType::Int16 | DataType::UInt8 => Scalar::Int2,
            DataType::Int32 | DataType::UInt16 => Scalar::Int4,
            DataType::Int64 | DataType::UInt32 => Scalar::Int8,
            DataType::UInt64 => Scalar::Numeric,
            DataType::Float16 | DataType::Float32 => Scalar::Float4,
            DataType::Float64 => Scalar::Float8,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Scalar::Bytea,
            DataType::Date32 | DataType::Date64 => Scalar::Date,
            DataType::Time32(_) | DataType::Time64(_) => Scalar::Time,
            DataType::Timestamp(_, None) => Scalar::Timestamp,
            DataType::Timestamp(_, Some(_)) => Scalar::Timestamptz,
            DataType::Interval(_) | DataType::Duration(_) => Scalar::Interval,
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => return numeric(*p, *s),
            DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => return numeric(*p, *s),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::FixedSizeList(item, _)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => {
                let item = PgType::of_field(item);
                return PgType {
                    scalar: item.scalar,
                    array: true,
                    modifier: item.modifier,
                };
            }
            DataType::Dictionary(_, value) => return PgType::of_arrow(value),
            DataType::RunEndEncoded(_, value) => return PgType::of_arrow(value.data_type()),
            DataType::Struct(_) | DataType::Map(_, _) => Scalar::Jsonb,
            _ => Scalar::Text,
        };
        PgType::scalar(scalar)
    }

    /// A type by PostgreSQL's name for it.
    fn named(name: &str) -> Option<PgType> {
        let name = name.trim().to_ascii_lowercase();
        if let Some(item) = name.strip_suffix("[]") {
            return Some(PgType {
                array: true,
                ..PgType::named(item)?
            });
        }
        let (base, arguments) = match name.split_once('(') {
            Some((base, rest)) => (base.trim(), rest.trim_end_matches(')')),
            None => (name.as_str(), ""),
        };
        let scalar = match base {
            "bool" | "boolean" => Scalar::Bool,
            "bytea" => Scalar::Bytea,
            "\"char\"" => Scalar::Char,
            "name" => Scalar::Name,
            "int8" | "bigint" => Scalar::Int8,
            "int2" | "smallint" => Scalar::Int2,
            "int4" | "int" | "integer" => Scalar::Int4,
            "text" => Scalar::Text,
            "oid" => Scalar::Oid,
            "json" => Scalar::Json,
            "jsonb" => Scalar::Jsonb,
            "float4" | "real" => Scalar::Float4,
            "float8" | "double precision" => Scalar::Float8,
            "bpchar" | "char" | "character" => Scalar::Bpchar,
            "varchar" | "character varying" => Scalar::Varchar,
            "date" => Scalar::Date,
            "time" | "time without time zone" => Scalar::Time,
            "timestamp" | "timestamp without time zone" => Scalar::Timestamp,
            "timestamptz" | "timestamp with time zone" => Scalar::Timestamptz,
            "interval" => Scalar::Interval,
            "numeric" | "decimal" => Scalar::Numeric,
            "uuid" => Scalar::Uuid,
            _ => return None,
        };
        let modifier = match scalar {
            Scalar::Varchar | Scalar::Bpchar => arguments
                .trim()
                .parse::<i32>()
                .map_or(-1, |length| length + 4),
            Scalar::Numeric => {
                let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
                match (precision.trim().parse::<i32>(), scale.trim().parse::<i32>()) {
                    (Ok(precision), Ok(scale)) => ((precision << 16) | (scale & 0x7ff)) + 4,
                    _ => -1,
                }
            }
            _ => -1,
        };
        Some(PgType {
            scalar,
            array: false,
            modifier,
        })
    }

    /// The Arrow type that a client means when it declares a parameter of this type;
    /// `None` leaves the choice to the planner.
    pub(crate) fn declared(self) -> Option<DataType> {
        let scalar = match self.scalar {
            Scalar::Unknown => return None,
            scalar => representation(scalar),
        };
        Some(if self.array {
            DataType::new_list(scalar, true)
        } else {
            scalar
        })
    }
}

/// The Arrow type that holds a PostgreSQL type when nothing else is asked for. A declared
/// numeric has no scale of its own: 18 digits on either side and two to spare.
pub(crate) fn representation(scalar: Scalar) -> DataType {
    match scalar {
        Scalar::Bool => DataType::Boolean,
        Scalar::Bytea => DataType::Binary,
        Scalar::Int2 => DataType::Int16,
        Scalar::Int4 => DataType::Int32,
        Scalar::Int8 | Scalar::Oid => DataType::Int64,
        Scalar::Float4 => DataType::Float32,
        Scalar::Float8 => DataType::Float64,
        Scalar::Date => DataType::Date32,
        Scalar::Time => DataType::Time64(TimeUnit::Microsecond),
        Scalar::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Scalar::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Scalar::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        Scalar::Numeric => DataType::Decimal128(38, 18),
        Scalar::Char
        | Scalar::Name
        | Scalar::Text
        | Scalar::Unknown
        | Scalar::Bpchar
        | Scalar::Varchar
        | Scalar::Uuid
        | Scalar::Json
        | Scalar::Jsonb => DataType::Utf8,
    }
}

fn numeric(precision: u8, scale: i8) -> PgType {
    let modifier = ((i32::from(precision) << 16) | (i32::from(scale) & 0x7ff)) + 4;
    PgType {
        scalar: Scalar::Numeric,
        array: false,
        modifier,
    }
}

/// Whether values that are held as `held` can be sent as `named`.
fn same_bytes(named: Scalar, held: Scalar) -> bool {
    let textual = |scalar| {
        matches!(
            scalar,
            Scalar::Text
                | Scalar::Name
                | Scalar::Varchar
                | Scalar::Bpchar
                | Scalar::Json
                | Scalar::Jsonb
                | Scalar::Uuid
                | Scalar::Char
        )
    };
    named == held
        || (textual(named) && textual(held))
        || (named == Scalar::Oid && matches!(held, Scalar::Int4 | Scalar::Int8))
        || (named == Scalar::Uuid && held == Scalar::Bytea)
}
