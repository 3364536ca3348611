use toolsmith::prelude::*;

struct Calculator;

impl Calculator {
    #[tool]
    fn by_reference(&self, a: i64) -> i64 {
        a
    }

    #[tool]
    fn by_value(self, a: i64) -> i64 {
        a
    }

    #[tool]
    fn by_name(calculator: Self) -> Vec<Self> {
        vec![calculator]
    }
}

fn main() {
    assert_eq!(Calculator::by_name(Calculator).len(), 1);
    assert_eq!(Calculator.by_reference(1), 1);
    assert_eq!(Calculator.by_value(1), 1);
}
