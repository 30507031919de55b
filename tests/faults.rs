//! What goes wrong: kill -9, damage, wrong use, a stop in the middle of work.

mod damage;
mod kill;
mod shutdown;
mod startup;
mod writers;
