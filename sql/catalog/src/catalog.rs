//! A snapshot of all definitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use summit_log::Lsn;
use summit_parser::{SqlError, SqlState};
use summit_storage::RelationId;

use crate::{Definition, Relation, RelationKind};

/// All that is defined at a position. Immutable: [`Catalog::apply`] makes the next one.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The position of the last definition in it.
    pub version: Lsn,
    next_id: u32,
    relations: BTreeMap<RelationId, Arc<Relation>>,
    names: BTreeMap<(String, String), RelationId>,
}

impl Default for Catalog {
    fn default() -> Self {
        Catalog {
            version: Lsn::ZERO,
            next_id: Self::FIRST_ID,
            relations: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }
}

impl Catalog {
    /// Where a relation without a schema lives.
    pub const DEFAULT_SCHEMA: &'static str = "public";
    /// Where ours live.
    pub const SYSTEM_SCHEMA: &'static str = "summit";
    /// As in PostgreSQL, users' objects are numbered from here.
    const FIRST_ID: u32 = 16384;

    /// By identity.
    pub fn relation(&self, id: RelationId) -> Option<&Arc<Relation>> {
        self.relations.get(&id)
    }

    /// By schema and name.
    pub fn find(&self, schema: &str, name: &str) -> Option<&Arc<Relation>> {
        let id = self.names.get(&(schema.to_owned(), name.to_owned()))?;
        self.relations.get(id)
    }

    /// By a name of one to three parts (`relation`, `schema.relation`,
    /// `database.schema.relation`).
    ///
    /// # Errors
    /// `42P01`, with a hint that names a relation that is spelt alike.
    pub fn resolve(&self, parts: &[String]) -> Result<&Arc<Relation>, SqlError> {
        let (schema, name) = match parts {
            [name] => (Self::DEFAULT_SCHEMA, name.as_str()),
            [schema, name] | [_, schema, name] => (schema.as_str(), name.as_str()),
            _ => {
                return Err(SqlError::new(
                    SqlState::SYNTAX_ERROR,
                    format!(
                        "improper relation name (too many dotted names): {}",
                        parts.join(".")
                    ),
                ));
            }
        };
        self.find(schema, name)
            .ok_or_else(|| self.undefined(&parts.join("."), name))
    }

    /// The error for a relation that does not exist.
    pub fn undefined(&self, shown: &str, name: &str) -> SqlError {
        let error = SqlError::new(
            SqlState::UNDEFINED_TABLE,
            format!("relation \"{shown}\" does not exist"),
        );
        let near = self
            .relations
            .values()
            .map(|relation| (strsim::damerau_levenshtein(&relation.name, name), relation))
            .filter(|(distance, relation)| {
                *distance <= name.chars().count().div_ceil(3).min(3)
                    && *distance < relation.name.chars().count()
            })
            .min_by_key(|(distance, relation)| (*distance, relation.id));
        match near {
            Some((_, relation)) => error.hint(format!(
                "Perhaps you meant \"{}\".",
                relation.display_name()
            )),
            None => error.hint("SHOW STREAMS, SHOW TABLES and SHOW VIEWS list what there is."),
        }
    }

    /// All relations, in the order of their making.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// The views (materialized or not) that read `id` directly.
    pub fn dependents(&self, id: RelationId) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations
            .values()
            .filter(move |relation| relation.depends_on.contains(&id))
    }

    /// `id` and everything that reads it, directly or not, dependents first.
    pub fn cascade(&self, id: RelationId) -> Vec<RelationId> {
        let mut order = Vec::new();
        self.visit_cascade(id, &mut order);
        order
    }

    fn visit_cascade(&self, id: RelationId, order: &mut Vec<RelationId>) {
        if order.contains(&id) {
            return;
        }
        let dependents: Vec<RelationId> = self.dependents(id).map(|relation| relation.id).collect();
        for dependent in dependents {
            self.visit_cascade(dependent, order);
        }
        if !order.contains(&id) {
            order.push(id);
        }
    }

    /// The catalog after a definition at `lsn`. A definition that no longer fits (another one
    /// came first) changes nothing.
    ///
    /// # Errors
    /// `42P07` for a name that exists, `42P01` for one that does not, `2BP01` for a drop that
    /// others depend on.
    pub fn apply(&self, definition: &Definition, lsn: Lsn) -> Result<Catalog, SqlError> {
        let mut next = self.clone();
        next.version = lsn;
        match definition {
            Definition::Create(relation) => {
                let key = (relation.schema.clone(), relation.name.clone());
                if self.names.contains_key(&key) {
                    return Err(duplicate(&relation.name));
                }
                if let Some(missing) = relation
                    .depends_on
                    .iter()
                    .find(|id| !self.relations.contains_key(id))
                {
                    return Err(SqlError::new(
                        SqlState::UNDEFINED_TABLE,
                        format!(
                            "a relation that \"{}\" reads (id {missing}) was dropped meanwhile",
                            relation.name
                        ),
                    )
                    .hint("Run the statement again."));
                }
                let mut relation = relation.as_ref().clone();
                relation.id = RelationId(next.next_id);
                relation.created_at = lsn;
                next.next_id += 1;
                next.names.insert(key, relation.id);
                next.relations.insert(relation.id, Arc::new(relation));
            }
            Definition::Drop { ids } => {
                for id in ids {
                    let Some(relation) = next.relations.remove(id) else {
                        return Err(SqlError::new(
                            SqlState::UNDEFINED_TABLE,
                            format!("relation {id} was dropped meanwhile"),
                        ));
                    };
                    next.names
                        .remove(&(relation.schema.clone(), relation.name.clone()));
                }
                if let Some((reader, read)) = next.dangling() {
                    return Err(dependent(&reader, self.relations.get(&read)));
                }
            }
            Definition::Several { base, definitions } => {
                if *base != self.version {
                    return Err(SqlError::new(
                        SqlState::SERIALIZATION_FAILURE,
                        "could not serialize access due to concurrent definitions",
                    )
                    .hint("Run the transaction again."));
                }
                for definition in definitions {
                    next = next.apply(definition, lsn)?;
                }
            }
        }
        Ok(next)
    }

    fn dangling(&self) -> Option<(Arc<Relation>, RelationId)> {
        self.relations.values().find_map(|relation| {
            let missing = relation
                .depends_on
                .iter()
                .find(|id| !self.relations.contains_key(id))?;
            Some((Arc::clone(relation), *missing))
        })
    }

    /// Every materialized view that `relation` reads directly or through plain views.
    pub fn base_dependencies(&self, relation: &Relation) -> Vec<RelationId> {
        let mut found = Vec::new();
        let mut open = relation.depends_on.clone();
        while let Some(id) = open.pop() {
            match self.relation(id) {
                Some(view) if matches!(view.kind, RelationKind::View { .. }) => {
                    open.extend(view.depends_on.iter().copied());
                }
                Some(_) if !found.contains(&id) => found.push(id),
                _ => {}
            }
        }
        found
    }
}

/// The error for a name that is taken.
fn duplicate(name: &str) -> SqlError {
    SqlError::new(
        SqlState::DUPLICATE_TABLE,
        format!("relation \"{name}\" already exists"),
    )
    .hint("Choose another name, drop the relation first, or say IF NOT EXISTS.")
}

fn dependent(reader: &Relation, read: Option<&Arc<Relation>>) -> SqlError {
    let (kind, name) = read.map_or(("relation", String::new()), |relation| {
        (relation.kind_name(), relation.display_name())
    });
    SqlError::new(
        SqlState::DEPENDENT_OBJECTS,
        format!("cannot drop {kind} {name} because other objects depend on it"),
    )
    .detail(format!(
        "{} {} depends on {kind} {name}",
        reader.kind_name(),
        reader.display_name()
    ))
    .hint("Use DROP ... CASCADE to drop the dependent objects too.")
}
