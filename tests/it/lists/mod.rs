//! Lists of URLs: what is requested, what is saved under which name, and how each line is accounted for.

mod framing;
