//! Whether bytes are a whole Arrow IPC stream or file, looked at before they are decoded: a decoder takes the end of
//! the bytes for the end of the stream, and believes every length it is told.

use std::io::{self, Read};

use arrow_ipc::{Message, root_as_message};

/// What a file starts with, before the stream in it, and what it ends with, after its footer.
const FILE_START: [u8; 8] = *b"ARROW1\0\0";
const FILE_END: [u8; 6] = *b"ARROW1";
/// What every message starts with.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes a file may have before its stream.
const MAX_START: u64 = 4_096;
/// Bytes of a message's description. A schema of ten thousand columns has some megabytes.
const MAX_METADATA: u64 = 256 << 20;
/// Bytes a compressed buffer may become, and how many of each of its own. Zstandard makes of equal bytes some ten
/// thousand times as many.
const MAX_BUFFER: u64 = 4 << 30;
const MAX_EXPANSION: u64 = 1 << 16;

/// How the messages lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Stream,
    /// After so many bytes the stream starts; after the stream comes a footer.
    File {
        start: u64,
    },
}

/// Why bytes are no whole stream.
#[derive(Debug)]
pub enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The bytes end before the stream does.
    CutShort,
    /// They are something else, or broken; what, as a fragment of a sentence.
    Broken(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads `input` through and tells its form.
///
/// # Errors
/// What is wrong with it.
pub fn check(mut input: impl Read) -> Result<Form, Fault> {
    let mut word = [0; 4];
    fill(&mut input, &mut word)?;
    let form = if FILE_START.starts_with(&word) {
        let mut rest = [0; 4];
        fill(&mut input, &mut rest)?;
        if !FILE_START.ends_with(&rest) {
            return Err(Fault::Broken("it is another format"));
        }
        let mut start = FILE_START.len() as u64;
        fill(&mut input, &mut word)?;
        // Writers fill up to a multiple of 8 or 64 bytes.
        while word == [0; 4] && start < MAX_START {
            fill(&mut input, &mut word)?;
            start += 4;
        }
        Form::File { start }
    } else {
        Form::Stream
    };
    loop {
        if word != CONTINUATION {
            return Err(Fault::Broken("it is another format"));
        }
        fill(&mut input, &mut word)?;
        let length = u64::try_from(i32::from_le_bytes(word)).unwrap_or(u64::MAX);
        if length == 0 {
            break;
        }
        if length > MAX_METADATA {
            return Err(Fault::Broken("a message has an impossible length"));
        }
        let mut metadata = Vec::new();
        (&mut input).take(length).read_to_end(&mut metadata)?;
        if (metadata.len() as u64) < length {
            return Err(Fault::CutShort);
        }
        let message = root_as_message(&metadata).map_err(|_| Fault::Broken("a message makes no sense"))?;
        let body =
            u64::try_from(message.bodyLength()).map_err(|_| Fault::Broken("a message has an impossible length"))?;
        // Where the body is cut, the next message is missing too.
        let mut body = (&mut input).take(body);
        check_lengths(&compressed_buffers(&message), &mut body)?;
        io::copy(&mut body, &mut io::sink())?;
        fill(&mut input, &mut word)?;
    }
    let mut rest = Vec::new();
    input.take(MAX_METADATA).read_to_end(&mut rest)?;
    match form {
        Form::Stream if !rest.is_empty() => Err(Fault::Broken("something follows its end")),
        Form::File { .. } if !rest.ends_with(&FILE_END) => Err(Fault::CutShort),
        _ => Ok(form),
    }
}

/// Where the compressed buffers of a message lie in its body, and how long they are, in order.
fn compressed_buffers(message: &Message<'_>) -> Vec<(u64, u64)> {
    let dictionary = || message.header_as_dictionary_batch().and_then(|batch| batch.data());
    let batch = message.header_as_record_batch().or_else(dictionary).filter(|batch| batch.compression().is_some());
    let buffers = batch.and_then(|batch| batch.buffers());
    let length = |number: i64| u64::try_from(number).unwrap_or(0);
    let mut buffers: Vec<(u64, u64)> = buffers
        .map(|buffers| buffers.iter().map(|buffer| (length(buffer.offset()), length(buffer.length()))).collect())
        .unwrap_or_default();
    buffers.sort_unstable();
    buffers
}

/// A compressed buffer says first how long it becomes, and a decoder asks for that much memory before it looks further.
fn check_lengths(buffers: &[(u64, u64)], body: &mut impl Read) -> Result<(), Fault> {
    let mut at = 0;
    for &(offset, length) in buffers.iter().filter(|(_, length)| *length >= 8) {
        let gap = offset.checked_sub(at).ok_or(Fault::Broken("its buffers overlap"))?;
        at += io::copy(&mut body.take(gap), &mut io::sink())?;
        let mut word = [0; 8];
        if at < offset || body.read_exact(&mut word).is_err() {
            // The end is missing, which is told where the next message is looked for.
            return Ok(());
        }
        at += 8;
        // A length below zero means that the buffer is as it is.
        let becomes = u64::try_from(i64::from_le_bytes(word)).unwrap_or(0);
        if becomes > MAX_BUFFER.min(length.saturating_mul(MAX_EXPANSION)) {
            return Err(Fault::Broken("a compressed buffer has an impossible length"));
        }
    }
    Ok(())
}

fn fill(input: &mut impl Read, word: &mut [u8; 4]) -> Result<(), Fault> {
    input.read_exact(word).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::CutShort,
        _ => Fault::Io(error),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};

    use super::*;

    #[test]
    fn a_buffer_that_claims_to_become_huge_is_refused() {
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).expect("options");
        let ids: Vec<i64> = (0..1_000).collect();
        let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(ids)) as _)]).expect("a batch");
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).expect("a writer");
        writer.write(&batch).expect("written");
        let mut bytes = writer.into_inner().expect("bytes");
        check(bytes.as_slice()).expect("it is whole");
        let claim = 8_000_i64.to_le_bytes();
        let at = bytes.windows(8).position(|window| window == claim).expect("the length of the only buffer");
        bytes[at..at + 8].copy_from_slice(&(1_i64 << 40).to_le_bytes());
        let fault = check(bytes.as_slice()).expect_err("it lies");
        assert!(matches!(fault, Fault::Broken("a compressed buffer has an impossible length")), "{fault:?}");
    }

    #[test]
    fn buffers_that_overlap_are_refused() {
        let body = [0; 64];
        check_lengths(&[(0, 16), (16, 16)], &mut body.as_slice()).expect("one after the other");
        // The claim of the second would stand where nobody looks.
        let fault = check_lengths(&[(0, 16), (4, 16)], &mut body.as_slice()).expect_err("they overlap");
        assert!(matches!(fault, Fault::Broken("its buffers overlap")), "{fault:?}");
    }

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1, 2, 3])) as _)]).expect("a batch")
    }

    fn stream() -> Vec<u8> {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch().schema()).expect("a writer");
        writer.write(&batch()).and_then(|()| writer.write(&batch())).expect("memory can be written");
        writer.into_inner().expect("memory can be written")
    }

    fn file() -> Vec<u8> {
        let mut writer = FileWriter::try_new(Vec::new(), &batch().schema()).expect("a writer");
        writer.write(&batch()).expect("memory can be written");
        writer.into_inner().expect("memory can be written")
    }

    #[test]
    fn whole_ones_pass_and_every_cut_is_seen() {
        assert_eq!(check(&*stream()).expect("whole"), Form::Stream);
        assert_eq!(check(&*file()).expect("whole"), Form::File { start: 64 });
        for whole in [stream(), file()] {
            for length in 0..whole.len() {
                let fault = check(&whole[..length]).expect_err("cut");
                assert!(matches!(fault, Fault::CutShort), "{length} of {}: {fault:?}", whole.len());
            }
        }
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for bytes in [&b"id,name\n1,Li\n"[..], b"ARROW2\0\0....", b"\xff\xff\xff\xff\xff\xff\xff\x7f"] {
            assert!(matches!(check(bytes), Err(Fault::Broken(_))));
        }
        let mut longer = stream();
        longer.push(0);
        assert!(matches!(check(&*longer), Err(Fault::Broken("something follows its end"))));
    }

    #[test]
    fn a_length_that_lies_is_a_cut() {
        let whole = stream();
        // The first message is the schema and has no body; the second is a batch.
        let length = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().expect("four bytes")) as usize;
        let second = 8 + length(4);
        let metadata = second + 8..second + 8 + length(second + 4);
        let body = root_as_message(&whole[metadata.clone()]).expect("a message").bodyLength();
        assert!(body > 0);
        let place = metadata.start
            + whole[metadata]
                .windows(8)
                .position(|bytes| bytes == body.to_le_bytes())
                .expect("the length stands there");
        for (lie, cut) in [(i64::MAX, true), (-1, false)] {
            let mut lying = whole.clone();
            lying[place..place + 8].copy_from_slice(&lie.to_le_bytes());
            let fault = check(&*lying).expect_err("a lie");
            assert_eq!(matches!(fault, Fault::CutShort), cut, "{fault:?}");
        }
    }
}
