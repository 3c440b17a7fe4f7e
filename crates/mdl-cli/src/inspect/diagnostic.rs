//! The annotated tree as text, one data item a line with its byte offset, and as JSON.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::annotate::{Content, Node};
use crate::verification_report::shown;

/// Longer byte strings are cut; their length is told.
const MAX_BYTES: usize = 64;
/// Longer text is cut, in characters.
const MAX_TEXT: usize = 400;

/// Diagnostic notation (RFC 8949, 8; `<< >>` of RFC 8610, G.3), with comments between slashes.
pub(crate) fn to_text(node: &Node) -> String {
    let mut printer = Printer {
        text: String::new(),
    };
    printer.item(node, 0, "", "");
    printer.text
}

struct Printer {
    text: String,
}

impl Printer {
    /// One item after `lead` and before `trail`, such as a key and a comma.
    fn item(&mut self, node: &Node, depth: usize, lead: &str, trail: &str) {
        let notes = notes(node);
        match &node.content {
            Content::Scalar(text) => {
                self.line(
                    node.offset,
                    depth,
                    &format!("{lead}{}{trail}{notes}", cut(text)),
                );
            }
            Content::Bytes(bytes) => {
                self.line(
                    node.offset,
                    depth,
                    &format!("{lead}{}{trail}{notes}", bytes_text(bytes)),
                );
            }
            Content::Array(items) if items.is_empty() => {
                self.line(node.offset, depth, &format!("{lead}[]{trail}{notes}"));
            }
            Content::Array(items) => {
                self.line(node.offset, depth, &format!("{lead}[{notes}"));
                for (index, item) in items.iter().enumerate() {
                    self.item(item, depth + 1, "", comma(index, items.len()));
                }
                self.close(depth, &format!("]{trail}"));
            }
            Content::Map(members) if members.is_empty() => {
                self.line(node.offset, depth, &format!("{lead}{{}}{trail}{notes}"));
            }
            Content::Map(members) => {
                self.line(node.offset, depth, &format!("{lead}{{{notes}"));
                for (index, (key, value)) in members.iter().enumerate() {
                    let lead = format!("{}: ", cut(key));
                    self.item(value, depth + 1, &lead, comma(index, members.len()));
                }
                self.close(depth, &format!("}}{trail}"));
            }
            Content::Tag(number, inner) => match &inner.content {
                Content::Scalar(text) => {
                    self.line(
                        node.offset,
                        depth,
                        &format!("{lead}{number}({}){trail}{notes}", cut(text)),
                    );
                }
                Content::Embedded(embedded) => {
                    self.line(node.offset, depth, &format!("{lead}{number}(<<{notes}"));
                    self.item(embedded, depth + 1, "", "");
                    self.close(depth, &format!(">>){trail}"));
                }
                _ => {
                    self.line(node.offset, depth, &format!("{lead}{number}({notes}"));
                    self.item(inner, depth + 1, "", "");
                    self.close(depth, &format!("){trail}"));
                }
            },
            Content::Embedded(embedded) => {
                self.line(node.offset, depth, &format!("{lead}<<{notes}"));
                self.item(embedded, depth + 1, "", "");
                self.close(depth, &format!(">>{trail}"));
            }
        }
    }

    fn line(&mut self, offset: usize, depth: usize, content: &str) {
        let indent = 2 * depth;
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{offset:>7}  {:indent$}{content}", "");
    }

    fn close(&mut self, depth: usize, content: &str) {
        let indent = 2 * depth;
        let _ = writeln!(self.text, "{:>7}  {:indent$}{content}", "", "");
    }
}

fn comma(index: usize, len: usize) -> &'static str {
    if index + 1 < len { "," } else { "" }
}

fn notes(node: &Node) -> String {
    if node.notes.is_empty() {
        return String::new();
    }
    // A slash would end the comment.
    let notes = node
        .notes
        .iter()
        .map(|note| shown(note).replace('/', "|"))
        .collect::<Vec<_>>();
    format!("  / {} /", notes.join(", "))
}

fn bytes_text(bytes: &[u8]) -> String {
    match bytes.get(..MAX_BYTES) {
        Some(first) if bytes.len() > MAX_BYTES => {
            format!("h'{}…' / {} bytes /", hex::encode(first), bytes.len())
        }
        _ => format!("h'{}'", hex::encode(bytes)),
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(MAX_TEXT).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    shown(&cut)
}

/// The tree as JSON; nothing is cut.
pub(crate) fn to_json(node: &Node) -> Json {
    let mut json = Map::new();
    json.insert("offset".into(), node.offset.into());
    if !node.notes.is_empty() {
        json.insert("notes".into(), node.notes.clone().into());
    }
    let (kind, content) = match &node.content {
        Content::Scalar(text) => ("value", json!(text)),
        Content::Bytes(bytes) => ("hex", json!(hex::encode(bytes))),
        Content::Array(items) => ("array", items.iter().map(to_json).collect()),
        Content::Map(members) => {
            let members = members
                .iter()
                .map(|(key, value)| json!({ "key": key, "value": to_json(value) }));
            ("map", members.collect())
        }
        Content::Tag(number, inner) => {
            json.insert("tag".into(), (*number).into());
            ("content", to_json(inner))
        }
        Content::Embedded(inner) => ("embedded", to_json(inner)),
    };
    json.insert(kind.into(), content);
    Json::Object(json)
}

#[cfg(test)]
mod tests {
    use super::super::annotate::annotate;
    use super::*;

    fn text(encoded: &str) -> String {
        let bytes = hex::decode(encoded).unwrap();
        to_text(&annotate(&bytes).unwrap())
    }

    #[test]
    fn every_item_has_its_offset() {
        let expected = "      0  [\n      1    1,\n      2    24(<<\n      5      {}\n             >>),\n      6    h'00',\n      8    0(\"x\")\n         ]\n";
        assert_eq!(
            text("8401d81841a04100c06178"),
            expected.replace("             >>", "           >>")
        );
    }

    #[test]
    fn long_strings_are_cut_and_comments_cannot_be_ended() {
        let long = text(&format!("5864{}", "ab".repeat(100)));
        assert!(long.contains("…' / 100 bytes /"), "{long}");
        let node = Node {
            offset: 0,
            notes: vec!["a / b\u{1b}[0m".into()],
            content: Content::Scalar("1".into()),
        };
        assert_eq!(to_text(&node), "      0  1  / a | b\\u{1b}[0m /\n");
    }

    #[test]
    fn json_holds_the_same_tree() {
        let bytes = hex::decode("8201d81841a0").unwrap();
        let json = to_json(&annotate(&bytes).unwrap());
        let expected = json!({ "offset": 0, "array": [
            { "offset": 1, "value": "1" },
            { "offset": 2, "tag": 24, "content": { "offset": 5, "embedded": { "offset": 5, "map": [] } } },
        ] });
        assert_eq!(json, expected);
    }
}
