//! `bindgen web|no-modules WASM FOLDER`: writes JavaScript, TypeScript types and the module for a compiled crate, as an ES
//! module or as a classic script, which a page can carry in itself.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, module, folder] = arguments.as_slice() else {
        eprintln!("usage: bindgen web|no-modules WASM FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let of_kind = match kind.as_str() {
        "no-modules" => bindgen.no_modules(true),
        _ => bindgen.web(true),
    };
    let generated = of_kind.and_then(|bindgen| {
        bindgen
            // A package finds its module beside itself; a page that carries it says where it is.
            .omit_default_module_path(kind != "web")
            .input_path(module)
            .out_name("mdl_verifier")
            .typescript(true)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(folder)
    });
    match generated {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
