//! One implementation of DataFusion's function trait for all of ours: a name, a signature and a plain function
//! over arrays.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::OptionColumn;

type Body = dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync;

struct Kernel {
    name: String,
    signature: Signature,
    return_type: DataType,
    body: Arc<Body>,
}

/// A function of `name` whose `body` gets its arguments as arrays of as many rows as its second argument says.
pub fn kernel(
    name: impl Into<String>,
    signature: Signature,
    return_type: DataType,
    body: impl Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    ScalarUDF::new_from_impl(Kernel { name: name.into(), signature, return_type, body: Arc::new(body) })
}

/// A function of a text and an optional second text.
pub(super) fn text_kernel(
    name: &'static str,
    return_type: DataType,
    body: impl Fn(&StringArray, &OptionColumn) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let signature = Signature::one_of(
        vec![TypeSignature::Exact(vec![DataType::Utf8]), TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8])],
        Volatility::Immutable,
    );
    kernel(name, signature, return_type, move |arguments, _| match arguments {
        [] => datafusion::common::exec_err!("{name} needs a text"),
        [values, rest @ ..] => body(as_string_array(values)?, &OptionColumn::of(rest.first())?),
    })
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.return_type.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays: Vec<ArrayRef> = arguments.args.iter().map(|value| value.to_array(rows)).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array((self.body)(&arrays, rows)?))
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
